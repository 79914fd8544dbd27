// Row "POST /submit": tiles made durable over HTTP, 32 connections at once, beside the same framework answering nothing.
import { join } from "node:path";
import { measure, rate, timed, type Row } from "../harness.ts";
import { syncMilliseconds, withFolder } from "../machine.ts";
import { bareMicros } from "./bare-rows.ts";
import { drive } from "./load.ts";
import { startPart, type Part } from "./process.ts";

const CONNECTIONS = 32;
const REQUESTS = 5_000;

/** Agents write into rooms of their own more than into one. */
const ROOMS = 8;

export async function submitRow(): Promise<Row> {
  return await withFolder(async (folder) => {
    await using ours = startPart("served.ts", "ours", join(folder, "ours.db"));
    await using nothing = startPart("served.ts", "nothing");
    const [oursPort, nothingPort] = [Number(await ours.next()), Number(await nothing.next())];
    let submitted = 0;
    const body = (): string => tileText(submitted++);
    const submit = async (port: number, status: number): Promise<void> => {
      const statuses = await drive({ port, connections: CONNECTIONS, requests: REQUESTS, body });
      if (statuses.get(status) !== REQUESTS) throw new Error(`Not all were answered with ${status}.`);
    };
    const pairs = await measure(async () => ({
      ours: await timed(() => submit(oursPort, 200)),
      floor: await timed(() => submit(nothingPort, 204)),
    }));
    const oursCpu = await cpuMicros(ours, () => submit(oursPort, 200));
    const nothingCpu = await cpuMicros(nothing, () => submit(nothingPort, 204));
    ours.say("profile");
    await submit(oursPort, 200);
    ours.say("done");
    const shares = await ours.next();
    const bareCpu = bareMicros(join(folder, "ours.db"), join(folder, "bare.db"), REQUESTS, CONNECTIONS);
    const ceiling = Math.round((nothingCpu / (nothingCpu + bareCpu)) * 100);
    const sync = (syncMilliseconds(folder) * 1_000).toFixed(0);
    return {
      what: `POST /submit, durable, ${CONNECTIONS} connections`,
      reach: { speed: 0.6 },
      pairs,
      show: rate(REQUESTS),
      notes: [
        `Tiles of ${tileText(0).length} bytes into ${ROOMS} rooms, SQLite FULL; the floor is Hono on @hono/node-server, which answers 204 and reads nothing.`,
        `Each server is a process of its own, the load another. Ours takes ${oursCpu} µs of processor time a request, the floor ${nothingCpu} µs.`,
        `The limit: bare node:sqlite takes ${bareCpu} µs of processor time for a tile's rows, ${CONNECTIONS} tiles a commit, and the floor as above: one thread that did nothing else would reach ${ceiling} %.`,
        `Where our time goes: ${shares}.`,
        `One page and its fdatasync take ${sync} µs on this disk now.`,
      ],
    };
  });
}

/** Of one request. */
async function cpuMicros(server: Part, work: () => Promise<void>): Promise<number> {
  const total = async (): Promise<number> => {
    server.say("cpu");
    return Number(await server.next());
  };
  const before = await total();
  await work();
  return Math.round(((await total()) - before) / REQUESTS);
}

function tileText(number: number): string {
  return JSON.stringify({
    domain: `bench/${number % ROOMS}`,
    question: `What was found in step ${number}?`,
    answer: `Five sources speak of emergence, and number ${number} of them explains how it is measured.`,
    tags: ["bench", "http"],
    confidence: 0.8,
    source: "oracle1",
  });
}
