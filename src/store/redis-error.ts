// Redis's error replies (their first word) and the connection's, as errors that say what to do. The driver's own
// errors carry the command with its arguments, a password among them, so only their words are kept.
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
const REFUSED: Meaning = {
  code: "store_unreachable",
  what: "refuses this user",
  todo: "Check the user and the password in the address, and what the server's ACL allows.",
};
const FULL: Meaning = {
  code: "store_full",
  what: "has no room left on its server",
  todo: "Free some memory or disk; what was acknowledged before is safe.",
};
const FOREIGN: Meaning = {
  code: "store_corrupt",
  what: "holds a key of another kind than this program makes",
  todo: "Name another prefix with ?prefix= in the address.",
};

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ["LOADING", AWAY],
  ["READONLY", AWAY],
  ["MASTERDOWN", AWAY],
  ["CLUSTERDOWN", AWAY],
  ["TRYAGAIN", AWAY],
  ["NOAUTH", REFUSED],
  ["WRONGPASS", REFUSED],
  ["NOPERM", REFUSED],
  ["ERR AUTH", REFUSED],
  ["OOM", FULL],
  ["MISCONF", FULL],
  ["WRONGTYPE", FOREIGN],
  ["BUSY", { code: "store_busy", what: "runs a script of somebody else's", todo: "Try again." }],
]);

/** The error of this project for whatever the driver threw; `HolodeckError`s pass unchanged. */
export function redisError(name: string, cause: unknown): HolodeckError {
  if (cause instanceof HolodeckError) return cause;
  const text = wordsOf(cause);
  const { code, what, todo } = meaningOf(cause, text);
  return new HolodeckError(code, {
    what: `The store ${name} ${what} (${text}).`,
    todo,
    cause: new Error(text),
  });
}

/** The connection or the server has gone: another try may find it back. */
export function isAway(cause: unknown): boolean {
  return meaningOf(cause, wordsOf(cause)) === AWAY;
}

function meaningOf(cause: unknown, text: string): Meaning {
  const reply = /(?:^|: )([A-Z]{3,})\b/.exec(text)?.[1] ?? "";
  const meaning = MEANINGS.get(reply);
  if (meaning !== undefined) return meaning;
  if (reply === "ERR" && /AUTH/.test(text)) return REFUSED;
  if (isNetwork(cause, text)) return AWAY;
  return { code: "internal", what: "failed in an unforeseen way", todo: "Report this with the text above." };
}

/** Errors of sockets have a system call; the driver's own of this kind have nothing but their words. */
function isNetwork(cause: unknown, text: string): boolean {
  if (cause instanceof Error && "syscall" in cause) return true;
  return /Connection is closed|max retries per request|Stream isn't writeable|isn't ready|Cluster is ended|Failed to refresh slots|Too many Cluster redirections|connect E|ETIMEDOUT|Connection is in|already connect/.test(
    text,
  );
}

/** The driver tells what went wrong with a cluster's nodes beside its own error. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const node: unknown = "lastNodeError" in cause ? cause.lastNodeError : null;
  return node instanceof Error ? `${cause.message}: ${node.message}` : cause.message;
}
