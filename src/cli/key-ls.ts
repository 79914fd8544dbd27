// `holodeck key ls`: who may come in, as what, where and until when. Never the keys themselves: nobody has them.
import { holds } from "../server/key-ring.ts";
import { isoTime } from "../tile/session-tiles.ts";
import type { ServerKey } from "../trust/key-aggregate.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { formatDate } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { withKeys, type KeyStoreOptions } from "./key-store.ts";
import { table } from "./table.ts";

export async function command(_args: readonly string[], options: KeyStoreOptions, io: Io): Promise<number> {
  const { all, now } = await withKeys({ ...options, isMade: false, toRead: true }, io, async (keys, at) => ({
    all: await keys.list(),
    now: at,
  }));
  if (options.json === true) {
    printJson(io, { keys: all.map((key) => documentOf(key, now)) });
    return EXIT.ok;
  }
  const headings = ["NAME", "ROLE", "STATUS", "CREATED", "EXPIRES", "SCOPE"];
  const rows = all.map((key) => [
    key.name,
    key.role,
    statusOf(key, now),
    formatDate(key.createdAt),
    key.expiresAt === null ? "" : formatDate(key.expiresAt),
    scopeOf(key),
  ]);
  if (rows.length === 0) note(io, "No keys: on this machine nobody needs one.");
  else for (const line of table(headings, rows, palette(wantsColor(io.out, io.env)))) print(io, line);
  return EXIT.ok;
}

function statusOf(key: ServerKey, now: number): "active" | "revoked" | "expired" {
  if (key.revokedAt !== null) return "revoked";
  return holds(key, now) ? "active" : "expired";
}

function scopeOf({ sessions, rooms, agent }: ServerKey): string {
  if (agent !== null) return [`as ${agent.name}`, ...(agent.sessions ?? [])].join(", ");
  if (sessions === null && rooms === null) return "all";
  return [...(sessions ?? []), ...(rooms ?? []).map((room) => `room ${room}`)].join(", ");
}

function documentOf(key: ServerKey, now: number): object {
  const { name, role, sessions, rooms, agent, createdAt, expiresAt, revokedAt } = key;
  return {
    name,
    role,
    status: statusOf(key, now),
    sessions,
    rooms,
    ...(agent !== null && { agent }),
    created_at: isoTime(createdAt),
    expires_at: expiresAt === null ? null : isoTime(expiresAt),
    revoked_at: revokedAt === null ? null : isoTime(revokedAt),
  };
}
