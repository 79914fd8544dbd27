// PostgreSQL's error codes (its manual, appendix A) and the network's, as errors that say what to do.
import { HolodeckError, type ErrorCode } from "../event/error.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const AWAY: Meaning = {
  code: "store_unreachable",
  what: "cannot be reached",
  todo: "Check that the server runs and that this machine can reach it; what was acknowledged before is safe.",
};

const DAMAGED: Meaning = {
  code: "store_corrupt",
  what: "is damaged",
  todo: "Run `holodeck verify` to see what is damaged, and restore it from a backup.",
};

/** By code, or by the class its first two letters name. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  "08": AWAY,
  "28": {
    code: "store_unreachable",
    what: "refuses this user",
    todo: "Check the user and the password in the address, and the server's pg_hba.conf.",
  },
  "3D": {
    code: "store_unreachable",
    what: "names a database that is not there",
    todo: "Create it with `createdb`, or name another.",
  },
  "25006": {
    code: "store_unreachable",
    what: "allows reading alone: the server is a standby",
    todo: "Name the primary server in the address.",
  },
  "40": { code: "store_busy", what: "is held by another transaction", todo: "Try again." },
  "42501": {
    code: "store_io",
    what: "does not allow this user to do that",
    todo: "Grant the user the right to create a schema, or ownership of the one that is there.",
  },
  "53100": {
    code: "store_full",
    what: "has no room left on its server's disk",
    todo: "Free some space; what was acknowledged before is safe.",
  },
  "53300": { code: "store_unreachable", what: "takes no more connections", todo: "Raise max_connections." },
  "55": { code: "store_busy", what: "is held by another transaction", todo: "Try again." },
  "57014": {
    code: "store_busy",
    what: "took longer than the server allows",
    todo: "Raise statement_timeout.",
  },
  "57": AWAY,
  "58": {
    code: "store_io",
    what: "could not be read or written by its server",
    todo: "Look at the server's disk and log.",
  },
  XX001: DAMAGED,
  XX002: DAMAGED,
};

/** The error of this project for whatever the driver threw; `HolodeckError`s pass unchanged. */
export function postgresError(name: string, cause: unknown): HolodeckError {
  if (cause instanceof HolodeckError) return cause;
  const { code, what, todo } = meaningOf(cause);
  const detail = cause instanceof Error ? ` (${causeText(cause)})` : "";
  return new HolodeckError(code, { what: `The store ${name} ${what}${detail}.`, todo, cause });
}

/** The connection or the server has gone: another try may find it back. */
export function isAway(cause: unknown): boolean {
  const state = stateOf(cause);
  if (state === null) return isNetwork(cause);
  return state.startsWith("08") || state === "53300" || state === "25006" || /^57P0[1-5]$/.test(state);
}

/** Another try, from the beginning, may do: a deadlock with somebody else's locks. */
export function isTransient(cause: unknown): boolean {
  return stateOf(cause)?.startsWith("40") === true;
}

function meaningOf(cause: unknown): Meaning {
  const state = stateOf(cause);
  const meaning = state === null ? undefined : (MEANINGS[state] ?? MEANINGS[state.slice(0, 2)]);
  if (meaning !== undefined) return meaning;
  if (state === null && isNetwork(cause)) return AWAY;
  // Text that is no JSON where this program never writes such a thing.
  if (cause instanceof SyntaxError) return DAMAGED;
  return { code: "internal", what: "failed in an unforeseen way", todo: "Report this with the text above." };
}

/** The five letters of an SQLSTATE; the driver has no other mark of the server's errors. */
function stateOf(cause: unknown): string | null {
  if (!(cause instanceof Error) || !("code" in cause) || !("severity" in cause)) return null;
  return typeof cause.code === "string" ? cause.code : null;
}

/** Errors of sockets have a system call; the driver's own of this kind have nothing but their words. */
function isNetwork(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.some(isNetwork);
  if (!(cause instanceof Error)) return false;
  if ("syscall" in cause) return true;
  return /^(Connection terminated|Client has encountered a connection error|timeout e)|not queryable/.test(
    cause.message,
  );
}

/** Several addresses of one name fail together with an empty message. */
function causeText(cause: Error): string {
  if (!(cause instanceof AggregateError)) return cause.message;
  return cause.errors.map((one) => (one instanceof Error ? one.message : String(one))).join("; ");
}
