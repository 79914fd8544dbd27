// `holodeck key new NAME --role ROLE`: makes a key and shows it, this once.
import { HolodeckError } from "../event/error.ts";
import { KEY_ROLES, scopeOf, type KeyRole } from "../trust/key-aggregate.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { EXIT } from "./exit-codes.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { withKeys, type KeyStoreOptions } from "./key-store.ts";
import { printable } from "./printable.ts";

export interface KeyNewOptions extends KeyStoreOptions {
  readonly role?: KeyRole;
  readonly session?: readonly string[];
  readonly room?: readonly string[];
  readonly days?: number;
  readonly agent?: string;
}

/** A key that acts as an agent sees nothing but what that agent may. */
const NO_SCOPE = { sessions: [], rooms: [] };

const DAY_MS = 24 * 3_600_000;

export async function command(
  [name = ""]: readonly string[],
  options: KeyNewOptions,
  io: Io,
): Promise<number> {
  const { role, session = null, room = null, agent = null, days } = options;
  if (role === undefined)
    throw new HolodeckError("invalid_argument", {
      what: "The key has no role.",
      todo: `Add --role with one of ${KEY_ROLES.join(", ")}.`,
    });
  const made = await withKeys({ ...options, isMade: true }, io, async (keys, now) => {
    const expiresAt = days === undefined ? null : now + days * DAY_MS;
    const key = await keys.create({ name, role, sessions: session, rooms: room, expiresAt, agent });
    return { key, expiresAt };
  });
  if (options.json === true) {
    const expires_at = made.expiresAt === null ? null : isoTime(made.expiresAt);
    const scope = agent === null ? scopeOf({ sessions: session, rooms: room }) : NO_SCOPE;
    const as = agent === null ? {} : { agent: { name: agent, sessions: session } };
    printJson(io, { name, role, ...scope, ...as, expires_at, key: made.key });
    return EXIT.ok;
  }
  print(io, made.key);
  note(
    io,
    `This is the key ${printable(name)}. It is shown this once and not kept; servers of this store ask for one from now on.`,
  );
  return EXIT.ok;
}
