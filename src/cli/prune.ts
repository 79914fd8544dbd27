// `holodeck prune`: lets go of what sessions that ended long ago hold, or says what would go.
import { Retention } from "../session/retention.ts";
import { systemRandom } from "../session/system-id.ts";
import { SystemClock } from "../session/system-clock.ts";
import { bootId } from "../run/host.ts";
import { withStore, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { count, formatBytes } from "./format.ts";
import { print, printJson, type Io } from "./io.ts";

export interface PruneOptions extends StoreOption {
  readonly eventsDays?: number;
  readonly blobsDays?: number;
  readonly keepFailed?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: PruneOptions, io: Io): Promise<number> {
  const { eventsDays, blobsDays, keepFailed = false, dryRun = false } = options;
  const retain = {
    keepFailed,
    ...(eventsDays !== undefined && { eventsDays }),
    ...(blobsDays !== undefined && { blobsDays }),
  };
  const clock = new SystemClock(bootId());
  const owner = systemRandom.id(clock.now());
  const pruned = await withStore(options, io, async (store) =>
    new Retention({ store, clock, retain, owner, dryRun }).run(),
  );
  const { sessions, events, blobs, blobBytes } = pruned;
  if (options.json === true) {
    printJson(io, { dry_run: dryRun, sessions, events, blobs, blob_bytes: blobBytes });
    return EXIT.ok;
  }
  const parts = [count(sessions, "session"), count(events, "event"), count(blobs, "blob")];
  print(io, `${dryRun ? "Would prune" : "Pruned"} ${parts.join(", ")} (${formatBytes(blobBytes)}).`);
  return EXIT.ok;
}
