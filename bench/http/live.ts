// Row "live readers": a thousand of them, each of which must get every event once and in order; how far behind the
// moment of its decision an event comes, which the commit is part of.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { duration, measure, median, type Row } from "../harness.ts";
import { withFolder } from "../machine.ts";
import { drive } from "./load.ts";
import { startPart } from "./process.ts";

const READERS = 1_000;
const EVENTS = 120;
/** Tiles come two at a time, so often: 40 a second. */
const PAUSE_MS = 50;
const TOGETHER = 2;
const BEHIND_MS_MAX = 250;

interface Behind {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export async function liveRow(): Promise<Row> {
  return await withFolder(async (folder) => {
    await using server = startPart("served.ts", "ours", join(folder, "live.db"));
    const port = Number(await server.next());
    await using readers = startPart("readers.ts", `${port}`, `${READERS}`);
    await readers.next();
    let submitted = 0;
    const rounds: Behind[] = [];
    const body = (): string => tileText(submitted++);
    const pairs = await measure(async () => {
      readers.say(`${submitted + EVENTS}`);
      for (let sent = 0; sent < EVENTS; sent += TOGETHER) {
        await drive({ port, connections: TOGETHER, requests: TOGETHER, body });
        await delay(PAUSE_MS);
      }
      const behind = JSON.parse(await readers.next()) as Behind;
      rounds.push(behind);
      return { ours: behind.p99, floor: BEHIND_MS_MAX };
    });
    const middle = median(rounds.map(({ p50 }) => p50));
    const most = Math.max(...rounds.map((round) => round.most));
    return {
      what: `${READERS.toLocaleString("en")} live readers, p99 behind`,
      reach: { time: 1 },
      pairs,
      show: duration,
      notes: [
        `${EVENTS} tiles a round, ${(TOGETHER * 1_000) / PAUSE_MS} a second at most, to every reader once and in order, or the run fails. The floor is the bound itself.`,
        `Half came within ${middle} ms of their decision, commit included; the last of all ${most} ms after it.`,
      ],
    };
  });
}

function tileText(number: number): string {
  return JSON.stringify({
    domain: "bench/live",
    question: `What was found in step ${number}?`,
    answer: `Five sources speak of emergence, and number ${number} of them explains how it is measured.`,
  });
}
