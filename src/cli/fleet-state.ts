// The fleet a command looks at, as its events leave it: nothing is decided, not even what is due.
import { streamId } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import { HolodeckError } from "../event/error.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import { createFleet } from "../fleet/router.ts";
import { DEFAULT_FLEET } from "../session/routers.ts";
import { withStoreToRead, type StoreOption } from "./existing-store.ts";
import type { Io } from "./io.ts";

/** What every command on a fleet takes. */
export interface FleetOptions extends StoreOption {
  /** Its name. Default `default`. */
  readonly fleet?: string;
  readonly json?: boolean;
}

/** Throws `not_found` for a fleet that has never had an event. */
export async function readFleet(options: FleetOptions, io: Io): Promise<FleetState> {
  const { fleet = DEFAULT_FLEET } = options;
  const stream = streamId("fleet", fleet);
  const { seq, state } = await withStoreToRead(
    options,
    io,
    async (log) => await fold({ aggregate: createFleet(), log, stream }),
  );
  if (seq > 0) return state;
  throw new HolodeckError("not_found", {
    what: `There is no fleet ${JSON.stringify(fleet)} here.`,
    todo: "A plan with `routing: h1`, or `manager.registerAgent`, makes one; --fleet names another.",
  });
}
