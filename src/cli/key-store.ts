// The keys of the store that `holodeck up` would serve: named by --store, the environment or the configuration file.
import { bootId } from "../run/host.ts";
import { KeyRing } from "../server/key-ring.ts";
import { SystemClock } from "../session/system-clock.ts";
import { openStore, type HowToOpen } from "../store/open.ts";
import { hasData, noData } from "./existing-store.ts";
import type { Io } from "./io.ts";
import { loadSettings } from "./settings.ts";

export interface KeyStoreOptions {
  readonly store?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Throws `not_found` when there is no store, unless `isMade` then. */
export async function withKeys<Value>(
  options: KeyStoreOptions & HowToOpen & { readonly isMade: boolean },
  io: Io,
  work: (keys: KeyRing, now: number) => Promise<Value>,
): Promise<Value> {
  const { store: address } = loadSettings(options, io).settings;
  if (!options.isMade && !hasData(address)) throw noData(address);
  const store = await openStore(address, io.env, options);
  try {
    const clock = new SystemClock(bootId());
    const keys = new KeyRing({ store, moment: () => ({ now: clock.now(), boot: clock.boot() }) });
    return await work(keys, clock.now());
  } finally {
    await store.close();
  }
}
