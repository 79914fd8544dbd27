// What a session persists of itself: the five keys of spec/plantangenet-session.md. All else is in its stream, so
// what is persisted names it, and the stream wins where they differ.
import { HolodeckError } from "../event/error.ts";
import type { Json, JsonObject } from "../event/json.ts";
import { checkJsonObject, checkText, checkTexts, invalid } from "./input.ts";
import type { SessionState } from "./state.ts";

export interface PersistedSession {
  readonly session_id: string;
  readonly metadata: JsonObject;
  /** The stream of who acts in it; null when nobody does. */
  readonly identity_key: string | null;
  /** The stream of what is allowed in it; null denies all. */
  readonly policy_key: string | null;
  /** The streams of its cursors. */
  readonly cursor_keys: readonly string[];
}

const MEMBERS = ["session_id", "metadata", "identity_key", "policy_key", "cursor_keys"] as const;

const CURSORS_MAX = 100_000;

export function persistedOf(state: SessionState): PersistedSession {
  return {
    session_id: state.sessionId,
    metadata: structuredClone(state.metadata),
    identity_key: state.identityKey,
    policy_key: state.policyKey,
    cursor_keys: [...state.cursorKeys],
  };
}

/** Throws `invalid_argument` for what `persistedOf` cannot have made. */
export function checkPersisted(data: unknown): PersistedSession {
  const todo = "Pass what session.persist() answered.";
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw invalid("data", data, todo);
  const unknown = Object.keys(data).find((key) => !MEMBERS.some((member) => member === key));
  if (unknown !== undefined) throw invalid(`data.${unknown.slice(0, 80)}`, "not persisted", todo);
  const given = data as Readonly<Record<string, unknown>>;
  return {
    session_id: checkText(given["session_id"], "session_id"),
    metadata: checkJsonObject(given["metadata"], "metadata"),
    identity_key: checkKey(given["identity_key"], "identity_key"),
    policy_key: checkKey(given["policy_key"], "policy_key"),
    cursor_keys: checkTexts(given["cursor_keys"], "cursor_keys", CURSORS_MAX),
  };
}

/** Throws `persist_mismatch` for the first member that differs from what the stream says. */
export function assertSame(given: PersistedSession, stream: PersistedSession): void {
  const member = MEMBERS.find((name) => canonical(given[name]) !== canonical(stream[name]));
  if (member === undefined) return;
  const show = (data: PersistedSession): string => canonical(data[member]).slice(0, 200);
  throw new HolodeckError("persist_mismatch", {
    what: `${member} of session ${stream.session_id} is ${show(stream)}, not ${show(given)}.`,
    todo: "The session's stream counts: persist the session again, or find out who changed what was persisted.",
  });
}

/** A key may be longer than other text by its kind: `identity:` before an id of 256 characters. */
function checkKey(value: unknown, name: string): string | null {
  if (value === null) return null;
  if (typeof value !== "string") throw invalid(name, value, "Pass the name of a stream, or null.");
  const colon = value.indexOf(":");
  checkText(value.slice(colon + 1), name);
  if (!/^[a-z][a-z0-9_-]{0,31}:/.test(value))
    throw invalid(name, value, "Pass the name of a stream, or null.");
  return value;
}

/** The same text for the same JSON, whatever the order of its members. */
function canonical(value: Json | readonly string[]): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
