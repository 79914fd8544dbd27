// Row "POST /submit": tiles made durable over HTTP, 32 connections at once, beside the same framework answering nothing.
import { join } from "node:path";
import { measure, rate, timed, type Row } from "../harness.ts";
import { syncMilliseconds, withFolder } from "../machine.ts";
import { drive } from "./load.ts";
import { startProcess } from "./process.ts";

const CONNECTIONS = 32;
const REQUESTS = 5_000;

/** Agents write into rooms of their own more than into one. */
const ROOMS = 8;

export async function submitRow(): Promise<Row> {
  return await withFolder(async (folder) => {
    await using ours = await startProcess("ours", join(folder, "ours.db"));
    await using nothing = await startProcess("nothing");
    let submitted = 0;
    const body = (): string => tileText(submitted++);
    const submit = async (port: number, status: number): Promise<void> => {
      const statuses = await drive({ port, connections: CONNECTIONS, requests: REQUESTS, body });
      if (statuses.get(status) !== REQUESTS) throw new Error(`Not all were answered with ${status}.`);
    };
    const pairs = await measure(async () => ({
      ours: await timed(() => submit(ours.port, 200)),
      floor: await timed(() => submit(nothing.port, 204)),
    }));
    const sync = (syncMilliseconds(folder) * 1_000).toFixed(0);
    return {
      what: `POST /submit, durable, ${CONNECTIONS} connections`,
      reach: { speed: 0.6 },
      pairs,
      show: rate(REQUESTS),
      notes: [
        `Tiles of ${tileText(0).length} bytes into ${ROOMS} rooms, SQLite FULL; the floor is Hono on @hono/node-server, which answers 204 and reads nothing.`,
        `Each server is a process of its own, the load another. One page and its fdatasync take ${sync} µs on this disk now.`,
      ],
    };
  });
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
