// Where attempts spool: a folder an attempt, and in it one for each guard that was prepared for it. A guard that dies
// before its start is recorded leaves its folder behind, and the next one must not meet it.
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readSpool, type AttemptExit } from "./spool.ts";

export interface AttemptName {
  /** The session's spool. */
  readonly spool: string;
  readonly taskId: string;
  /** 1 for the first. */
  readonly attempt: number;
}

/** What became of an attempt, and where it says so. */
export interface FoundSpool {
  readonly spoolDir: string;
  readonly exit: AttemptExit;
}

/** All that an attempt left. */
export function attemptFolder({ spool, taskId, attempt }: AttemptName): string {
  return join(spool, `${taskId}.${attempt}`);
}

/** A folder for a guard that is about to be prepared. */
export function newSpoolDir(name: AttemptName): string {
  return join(attemptFolder(name), randomBytes(6).toString("hex"));
}

/** Only a guard that was told to go leaves a finished spool, and only one ever is. Null when none has. */
export function findSpool(name: AttemptName): FoundSpool | null {
  for (const entry of entriesOf(attemptFolder(name))) {
    const spoolDir = join(attemptFolder(name), entry);
    const exit = readSpool(spoolDir);
    if (exit !== null) return { spoolDir, exit };
  }
  return null;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // It never came to that.
  }
}
