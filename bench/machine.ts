// What the figures of a run rest on: versions, cores, and how long this disk takes for one sync.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { median } from "./harness.ts";

/** On the disk the project lies on: the system's folder for temporary files is memory on many machines. */
const DATA = join(import.meta.dirname, "..", ".holodeck");

const SYNCS = 200;
const PAGE_BYTES = 4_096;

/** Runs `work` in a folder of its own on the real disk, and removes the folder. */
export async function withFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  await mkdir(DATA, { recursive: true });
  const folder = await mkdtemp(join(DATA, "bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Milliseconds of one page written and `fdatasync`: the least any durable commit takes here. */
export function syncMilliseconds(folder: string): number {
  const path = join(folder, "sync");
  const file = openSync(path, "w");
  const page = new Uint8Array(PAGE_BYTES);
  const times = Array.from({ length: SYNCS }, () => {
    const began = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}

/** In a sentence, for the head of a table. */
export function describeMachine(): string {
  const { node, sqlite, v8 } = process.versions;
  const { platform, arch } = process;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const cores = `${availableParallelism()} cores, load average ${load} at the end`;
  return `Node ${node}, V8 ${v8}, SQLite ${sqlite}, ${platform} ${arch}, ${cores}.`;
}
