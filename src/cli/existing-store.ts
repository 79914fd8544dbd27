// Opening a store to read: one that does not exist is said to be missing, never made.
import { existsSync } from "node:fs";
import { HolodeckError } from "../event/error.ts";
import { openStore, storeAddress, type HowToOpen } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import type { Io } from "./io.ts";

/** `--store`, which every command has. */
export interface StoreOption {
  readonly store?: string;
}

const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

export function addressOf({ store }: StoreOption, io: Io): string {
  return store ?? storeAddress(io.env);
}

/** The file an address names; null for a store that is not a file. */
export function fileOf(address: string): string | null {
  const path = address.replace(/^sqlite:/i, "");
  return path === address && SCHEME.test(address) ? null : path;
}

/** Whether there can be data at an address: a memory store lives and dies with its process. */
export function hasData(address: string): boolean {
  if (/^memory:/i.test(address)) return false;
  const file = fileOf(address);
  // A log without its file is a damaged store, not a missing one.
  return file === null || file === "" || existsSync(file) || existsSync(`${file}-wal`);
}

/** Runs `use` on the store, and closes it. Throws `not_found` when there is none. */
export async function withStore<Value>(
  options: StoreOption,
  io: Io,
  use: (store: Store) => Promise<Value>,
  how: HowToOpen = {},
): Promise<Value> {
  const address = addressOf(options, io);
  if (!hasData(address)) throw noData(address);
  const store = await openStore(address, io.env, how);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** As `withStore`, for who only reads: also an archive that cannot be written. */
export async function withStoreToRead<Value>(
  options: StoreOption,
  io: Io,
  read: (store: Store) => Promise<Value>,
): Promise<Value> {
  return await withStore(options, io, read, { toRead: true });
}

export function noData(address: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no data in ${fileOf(address) ?? address}.`,
    todo: "`holodeck demo` makes some; --store names another place.",
  });
}
