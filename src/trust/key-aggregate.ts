// The keys of a server as one stream, `keys:server`: who may come in, as what, and until when. Of a key itself there is
// nothing but its SHA-256: whoever reads the log cannot come in with what it says.
import type { Aggregate, Decision, Happened, Timed } from "../event/decider.ts";
import { streamId, type Fact, type Hash } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import { checkInteger, checkList, checkOneOf, checkText, invalid } from "./input.ts";
import { checkName } from "./name.ts";
import { checked } from "./refusals.ts";

/** An observer reads, an agent writes too, an operator does everything, and everywhere. */
export const KEY_ROLES = ["observer", "agent", "operator"] as const;

export type KeyRole = (typeof KEY_ROLES)[number];

export interface NewKey {
  readonly name: unknown;
  readonly role: unknown;
  /** Lower-case hex of the SHA-256 of the key's text. */
  readonly digest: unknown;
  /** Null or left out for no scope. With a scope of sessions alone the key has no room, and the other way round. */
  readonly sessions?: unknown;
  readonly rooms?: unknown;
  /** Milliseconds since the epoch; null or left out for a key that does not end by itself. */
  readonly expiresAt?: unknown;
  /** As which agent it is judged in sessions; null or left out for a key that acts by its role alone. */
  readonly agent?: unknown;
}

export type KeyCommand =
  | (Timed & { readonly type: "create_key"; readonly key: NewKey })
  | (Timed & { readonly type: "revoke_key"; readonly name: string });

/** An agent of sessions, by the name under which it is attached there. */
export interface KeyAgent extends JsonObject {
  readonly name: string;
  /** The sessions it may come to by the key; null for all it is attached to. */
  readonly sessions: readonly string[] | null;
}

interface KeyData extends JsonObject {
  readonly name: string;
  readonly digest: Hash;
  readonly role: KeyRole;
  readonly sessions: readonly string[] | null;
  readonly rooms: readonly string[] | null;
  readonly expires_at: number | null;
  readonly agent?: KeyAgent;
}

export type KeyEvent =
  | (Fact & { readonly type: "key_created"; readonly data: KeyData })
  | (Fact & { readonly type: "key_revoked"; readonly data: { readonly name: string } });

export interface ServerKey {
  readonly name: string;
  readonly digest: Hash;
  readonly role: KeyRole;
  /** Null for all. */
  readonly sessions: readonly string[] | null;
  /** Null for all. */
  readonly rooms: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** As which agent it is judged in sessions; null for a key that acts by its role alone. */
  readonly agent: KeyAgent | null;
  /** Null for a key that holds, or held until it ended by itself. */
  readonly revokedAt: number | null;
}

export interface KeysState {
  createdAt: number;
  /** By name; those revoked stay for who asks, the newest of them. */
  keys: Map<string, ServerKey>;
}

export const KEYS_STREAM = streamId("keys", "server");

/** The most keys that hold at once: each is compared with what comes in. */
export const KEYS_MAX = 1_000;

/** How many sessions or rooms a scope names. */
export const SCOPE_MAX = 100;

const REVOKED_KEPT = 100;
const DIGEST = /^[0-9a-f]{64}$/;

export const keyAggregate: Aggregate<KeysState, KeyCommand, KeyEvent> = {
  initial: () => ({ createdAt: 0, keys: new Map() }),
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: {
    version: 2,
    save: ({ createdAt, keys }) => ({
      createdAt,
      keys: [...keys.values()].map((key) => ({ ...key })),
    }),
    load: (json) => {
      const { createdAt, keys } = json as unknown as { createdAt: number; keys: readonly ServerKey[] };
      return { createdAt, keys: new Map(keys.map((key) => [key.name, key])) };
    },
  },
};

function decide(state: KeysState, command: KeyCommand): Decision<KeyEvent> {
  if (command.type === "create_key") return create(state, command);
  const key = state.keys.get(command.name);
  if (key === undefined) {
    const what = `There is no key ${JSON.stringify(command.name.slice(0, 80))}.`;
    return { code: "not_found", what, todo: "`holodeck key ls` lists them." };
  }
  if (key.revokedAt !== null) return [];
  return [{ type: "key_revoked", room: null, data: { name: key.name } }];
}

function create({ keys }: KeysState, { key, now }: Extract<KeyCommand, { type: "create_key" }>) {
  const read = checked(() => readKey(key, now));
  if ("refusal" in read) return read.refusal;
  const { name } = read.value;
  const there = keys.get(name);
  if (there !== undefined && there.revokedAt === null) {
    const what = `There is a key ${JSON.stringify(name)} already.`;
    return { code: "conflict", what, todo: "Revoke it first, or choose another name." } as const;
  }
  const live = [...keys.values()].filter(({ revokedAt }) => revokedAt === null).length;
  if (live >= KEYS_MAX) {
    const what = `There are ${KEYS_MAX} keys already.`;
    return { code: "conflict", what, todo: "Revoke those nobody uses; JWTs serve any number." } as const;
  }
  return [{ type: "key_created", room: null, data: read.value } as const];
}

function readKey(key: NewKey, now: number): KeyData {
  const { digest, expiresAt = null, sessions = null, rooms = null, agent = null } = key;
  if (typeof digest !== "string" || !DIGEST.test(digest))
    throw invalid("digest", "no SHA-256", "Pass the 64 lower-case hex digits of the key's digest.");
  const role = checkOneOf(key.role, "role", KEY_ROLES);
  if (role === "operator" && (sessions !== null || rooms !== null))
    throw invalid("role", role, "An operator has no scope: leave the scope out, or make it an agent.");
  if (agent !== null && (role !== "agent" || rooms !== null))
    throw invalid("agent", agent, "Make it a key of the role agent, and leave rooms out.");
  if (expiresAt !== null && checkInteger(expiresAt, "expiresAt", 0, Number.MAX_SAFE_INTEGER) <= now)
    throw invalid("expiresAt", expiresAt, "Choose a time to come.");
  return {
    name: checkName(key.name, "name", 64),
    digest,
    role,
    ...(agent === null
      ? scopeOf({ sessions: readScope(sessions, "sessions"), rooms: readScope(rooms, "rooms") })
      : // By its role alone it sees nothing, also for who knows nothing of agents.
        {
          sessions: [],
          rooms: [],
          agent: { name: checkName(agent, "agent"), sessions: readScope(sessions, "sessions") },
        }),
    expires_at: expiresAt as number | null,
  };
}

function readScope(value: unknown, path: string): readonly string[] | null {
  if (value === null) return null;
  return checkList(value, path, SCOPE_MAX).map((one, index) => checkText(one, `${path}[${index}]`, 256));
}

interface Scope {
  readonly sessions: readonly string[] | null;
  readonly rooms: readonly string[] | null;
}

/** Whoever is let into some sessions is let into no room by that, nor the other way round. */
export function scopeOf({ sessions, rooms }: Scope): Scope {
  if (sessions === null && rooms === null) return { sessions, rooms };
  return { sessions: sessions ?? [], rooms: rooms ?? [] };
}

function evolve(state: KeysState, { type, data, at }: Happened<KeyEvent>): KeysState {
  if (state.createdAt === 0) state.createdAt = at;
  const { keys } = state;
  const there = keys.get(data.name);
  // Taken out first: they stand in the order of their last change.
  keys.delete(data.name);
  if (type === "key_created") {
    const { name, digest, role, sessions, rooms, expires_at: expiresAt, agent = null } = data;
    const key = { name, digest, role, sessions, rooms, expiresAt, agent };
    keys.set(name, { ...key, createdAt: at, revokedAt: null });
  } else if (there !== undefined) {
    keys.set(data.name, { ...there, revokedAt: at });
    forgetOldest(keys);
  }
  return state;
}

function forgetOldest(keys: Map<string, ServerKey>): void {
  const revoked = [...keys.values()].filter(({ revokedAt }) => revokedAt !== null);
  for (const { name } of revoked.slice(0, -REVOKED_KEPT)) keys.delete(name);
}

function head({ createdAt, keys }: KeysState): Head {
  const live = [...keys.values()].filter(({ revokedAt }) => revokedAt === null).length;
  return { kind: "keys", status: "active", createdAt, dueAt: null, labels: [], summary: { live } };
}
