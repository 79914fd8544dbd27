// Gives the fleet of a store a command, and makes what follows durable.
import { streamId } from "../event/event.ts";
import { HolodeckError } from "../event/error.ts";
import { Runtime, type Untimed } from "../event/runtime.ts";
import type { FleetCommand, FleetFact } from "../fleet/fleet-facts.ts";
import { createFleet } from "../fleet/router.ts";
import { bootId } from "../run/host.ts";
import { DEFAULT_FLEET } from "../session/routers.ts";
import { SystemClock } from "../session/system-clock.ts";
import { withStore } from "./existing-store.ts";
import type { FleetOptions } from "./fleet-state.ts";
import type { Io } from "./io.ts";

/** Answers what followed. Throws what the fleet refused. */
export async function commandFleet(
  given: Untimed<FleetCommand>,
  options: FleetOptions,
  io: Io,
): Promise<readonly FleetFact[]> {
  const stream = streamId("fleet", options.fleet ?? DEFAULT_FLEET);
  const clock = new SystemClock(bootId());
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  return await withStore(options, io, async (log) => {
    const runtime = new Runtime({ aggregate: createFleet(), log, moment });
    const { events, refusal } = await runtime.execute(stream, given);
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
    return events;
  });
}
