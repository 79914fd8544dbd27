// One server a file: a lock that the system lets go of when its process ends, however it ends. SQLite's own exclusive
// lock on an empty file beside the store does it; the store itself stays open to every other command.
import { closeSync, openSync, realpathSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HolodeckError } from "../event/error.ts";
import { storeError } from "./sqlite-error.ts";

const SQLITE_BUSY = 5;

/** A connection that nobody holds is collected, and its lock with it: the process holds them until they are let go. */
const HELD = new Set<DatabaseSync>();

/** Takes the lock of a store's file, which must be there; the answer lets go of it. Throws `store_busy` when another server has it. */
export function lockForServer(path: string): () => void {
  // One file by whatever name.
  const file = `${realpathSync(path)}-server`;
  let database: DatabaseSync | null = null;
  try {
    closeSync(openSync(file, "a", 0o600));
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY) throw taken(path);
    throw storeError(file, cause);
  }
  const held = database;
  HELD.add(held);
  return () => {
    HELD.delete(held);
    // The file stays: whoever took it away could take it from a server that has just locked it.
    if (held.isOpen) held.close();
  };
}

function taken(path: string): HolodeckError {
  return new HolodeckError("store_busy", {
    what: `Another server serves ${path} already.`,
    todo: "Use that one, stop it, or name another store with --store.",
  });
}
