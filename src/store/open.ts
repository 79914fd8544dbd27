// Opens a store by its address. Adapters are loaded when used, so nobody pays for the others.
import { join } from "node:path";
import { HolodeckError } from "../event/error.ts";
import type { Store } from "./port.ts";

/** What `openStore` reads when it is given no address. */
export interface StoreEnvironment {
  readonly HOLODECK_STORE?: string | undefined;
  readonly HOLODECK_HOME?: string | undefined;
}

export interface HowToOpen {
  /** To read: a file that cannot be written will do. Default false. */
  readonly toRead?: boolean;
}

type Opener = (address: string, how: HowToOpen) => Promise<Store>;

/** How each kind of address is opened. Adapters are loaded here alone. */
const KINDS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["memory", async () => new (await import("./memory.ts")).MemoryStore()],
  ["sqlite", (address, how) => openFile(address, address.slice("sqlite:".length), how)],
  ["postgres", async (address) => (await import("./postgres.ts")).openPostgresStore(address)],
  ["postgresql", async (address) => (await import("./postgres.ts")).openPostgresStore(address)],
  ["redis", async (address) => (await import("./redis.ts")).openRedisStore(address)],
  ["rediss", async (address) => (await import("./redis.ts")).openRedisStore(address)],
  ["redis+cluster", async (address) => (await import("./redis.ts")).openRedisStore(address)],
  ["rediss+cluster", async (address) => (await import("./redis.ts")).openRedisStore(address)],
]);

/** Two letters at least, so that `C:` is not taken for one. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens the store at `url`: `memory:`, a path, `sqlite:path`, `postgres://user:password@host/database` (with
 * `?schema=`), `redis://user:password@host:port` or `redis+cluster://host:port,host:port` (with `?prefix=`; `rediss`
 * for TLS). Schema and prefix are `holodeck` by default. Without an address: `HOLODECK_STORE`, else `holodeck.db` in `HOLODECK_HOME`, else in
 * `./.holodeck`. Throws `unsupported` for another scheme or a driver that is not installed, and what the adapter
 * throws (`store_corrupt`, `store_newer`, `store_io`, `store_unreachable`).
 */
export async function openStore(
  url?: string,
  env: StoreEnvironment = process.env,
  how: HowToOpen = {},
): Promise<Store> {
  const address = url ?? storeAddress(env);
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return await openFile(address, address, how);
  const open = KINDS.get(scheme);
  if (open === undefined) throw unsupported(address, "is of a kind this version does not know");
  return await open(address, how);
}

/** Where the store is when no address is given. */
export function storeAddress(env: StoreEnvironment): string {
  // An empty variable means unset, as shells make no difference.
  if (env.HOLODECK_STORE) return env.HOLODECK_STORE;
  return join(env.HOLODECK_HOME || "./.holodeck", "holodeck.db");
}

async function openFile(address: string, path: string, how: HowToOpen): Promise<Store> {
  if (path === "") throw unsupported(address, "names no file");
  const { openSqliteStore } = await import("./sqlite.ts");
  return await openSqliteStore(path, how);
}

function unsupported(address: string, how: string): HolodeckError {
  return new HolodeckError("unsupported", {
    what: `The store address ${withoutPassword(address)} ${how}.`,
    todo: "Use a path, `sqlite:path`, `postgres://…`, `redis://…`, `redis+cluster://…` or `memory:`.",
  });
}

function withoutPassword(address: string): string {
  return JSON.stringify(address.replace(/\/\/.*@/, "//…@"));
}
