// SQLite's result codes (https://sqlite.org/rescode.html) and the file system's, as errors that say what to do.
import { HolodeckError, type ErrorCode } from "../event/error.ts";

const BUSY = 5;
const READONLY = 8;
const CANTOPEN = 14;
const CONSTRAINT_UNIQUE = 2067;

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const FAILED: Meaning = {
  code: "store_io",
  what: "could not be read or written",
  todo: "Check that its folder exists on a sound disk and that this user may write there.",
};

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [3, FAILED],
  [
    BUSY,
    {
      code: "store_busy",
      what: "is held by another process",
      todo: "Try again, or end the process that holds it.",
    },
  ],
  [READONLY, FAILED],
  [10, FAILED],
  [
    11,
    {
      code: "store_corrupt",
      what: "is damaged",
      todo: "Run `holodeck verify` to see what is damaged, and restore it from a backup.",
    },
  ],
  [
    13,
    {
      code: "store_full",
      what: "has no room left on its disk",
      todo: "Free some space; what was acknowledged before is safe.",
    },
  ],
  [CANTOPEN, FAILED],
  [
    26,
    {
      code: "store_corrupt",
      what: "is not a database",
      todo: "Restore it from a backup, or move it away to begin anew.",
    },
  ],
]);

/** The error of this project for whatever SQLite or the file system threw; `HolodeckError`s pass unchanged. */
export function storeError(name: string, cause: unknown): HolodeckError {
  if (cause instanceof HolodeckError) return cause;
  const { code, what, todo } = meaningOf(cause);
  const detail = cause instanceof Error ? ` (${cause.message})` : "";
  return new HolodeckError(code, { what: `The store ${name} ${what}${detail}.`, todo, cause });
}

/** A row with the same unique key is there already. */
export function isTaken(cause: unknown): boolean {
  return cause instanceof Error && "errcode" in cause && cause.errcode === CONSTRAINT_UNIQUE;
}

export function isBusy(cause: unknown): boolean {
  return resultCode(cause) === BUSY;
}

/** What SQLite needs beside the file cannot be opened, or made. */
export function isOutOfReach(cause: unknown): boolean {
  return [READONLY, CANTOPEN].some((code) => resultCode(cause) === code);
}

function meaningOf(cause: unknown): Meaning {
  const code = resultCode(cause);
  const meaning = code === null ? undefined : MEANINGS.get(code);
  if (meaning !== undefined) return meaning;
  if (code === null && cause instanceof Error && "syscall" in cause) return FAILED;
  // A number out of range or text that is no JSON where this program never writes such a thing.
  if (cause instanceof RangeError || cause instanceof SyntaxError) {
    return {
      code: "store_corrupt",
      what: "holds a value that cannot be read",
      todo: "Run `holodeck verify`.",
    };
  }
  return { code: "internal", what: "failed in an unforeseen way", todo: "Report this with the text above." };
}

/** The primary result code: the low byte of the extended one. */
function resultCode(cause: unknown): number | null {
  if (!(cause instanceof Error) || !("errcode" in cause)) return null;
  return typeof cause.errcode === "number" ? cause.errcode & 0xff : null;
}
