// What the doctor looks at of the store: its folder, its disk, whether it opens. Makes nothing that stays.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  rmdirSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../store/open.ts";
import { SCHEMA_VERSION } from "../store/sqlite-schema.ts";
import type { Check } from "./check.ts";
import { fileOf, hasData } from "./existing-store.ts";
import { formatBytes } from "./format.ts";
import type { Io } from "./io.ts";

const FREE_BYTES_WARN = 2 ** 30;
const FREE_BYTES_FAIL = 50 * 2 ** 20;

export function checkFolder(address: string): Check {
  const file = fileOf(address);
  if (file === null) return { name: "folder", status: "ok", what: `${address} is not a file.` };
  const folder = nearestFolder(file);
  const where = `${resolve(dirname(file))}${folder === resolve(dirname(file)) ? "" : " (to be made)"}`;
  try {
    // Rights alone do not tell: nothing can be made in /proc, whoever asks.
    rmdirSync(mkdtempSync(join(folder, ".holodeck-doctor-")));
  } catch {
    const todo = "Give this user the right to write there, or name another store with --store.";
    return { name: "folder", status: "fail", what: `${folder} cannot be written to.`, todo };
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const what = `${where}, ${formatBytes(free)} free.`;
  if (free >= FREE_BYTES_WARN) return { name: "folder", status: "ok", what };
  const todo = "Free some space: a full disk stops every session.";
  return { name: "folder", status: free < FREE_BYTES_FAIL ? "fail" : "warn", what, todo };
}

export async function checkStore(address: string, io: Io): Promise<Check> {
  const name = "store";
  if (!hasData(address)) {
    return {
      name,
      status: "ok",
      what: `There is none at ${fileOf(address) ?? address} yet; it is made when needed.`,
    };
  }
  const store = await openStore(address, io.env);
  await store.close();
  const file = fileOf(address);
  if (file === null) return { name, status: "ok", what: `${store.name} opens.` };
  const mode = journalMode(file);
  const what = `${resolve(file)} opens; version ${SCHEMA_VERSION}, journal ${mode}, every commit synced (FULL).`;
  if (mode === "wal") return { name, status: "ok", what };
  const todo = "Someone changed the file's journal mode: set it back with PRAGMA journal_mode = WAL.";
  return { name, status: "fail", what, todo };
}

/** The file's own, whoever opens it; the sync mode belongs to each connection and is set by the store. */
function journalMode(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return String(database.prepare("PRAGMA journal_mode").get()?.["journal_mode"]);
  } finally {
    database.close();
  }
}

const SYNCS = 9;
const SYNC_MS_WARN = 20;

/** Each durable event waits for one sync: the median of a few tells how long. */
export function checkDisk(address: string): Check {
  const folder = nearestFolder(fileOf(address) ?? "./store");
  const probe = join(folder, `.holodeck-doctor-${process.pid}`);
  const handle = openSync(probe, "wx", 0o600);
  const times: number[] = [];
  try {
    for (let round = 0; round < SYNCS; round++) {
      const started = performance.now();
      writeSync(handle, Buffer.alloc(4_096, round));
      fdatasyncSync(handle);
      times.push(performance.now() - started);
    }
  } finally {
    closeSync(handle);
    rmSync(probe);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(SYNCS / 2)] ?? 0;
  const what = `Syncing 4 KiB takes ${median.toFixed(2)} ms.`;
  if (median < SYNC_MS_WARN) return { name: "disk", status: "ok", what };
  const todo = "Each durable step waits for this: keep the store on a faster local disk.";
  return { name: "disk", status: "warn", what, todo };
}

/** The file's folder, or the nearest one above that is there. */
function nearestFolder(file: string): string {
  let folder = resolve(dirname(file));
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
