// The fleet's decider as a router runs it: the first event of a fleet that it starts says how the fleet is run, so
// that every process after it goes by the same. A command that is refused starts nothing.
import { isRefusal, type Aggregate } from "../../event/decider.ts";
import type { FleetCommand, FleetFact, SettingsAsked } from "../../fleet/fleet-facts.ts";
import { configure, settingsOf, type FleetOptions } from "../../fleet/fleet-settings.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { createFleet } from "../../fleet/router.ts";

/** Where a router posts its tiles when nobody says otherwise (spec/wire.md §2). */
export const FLEET_ROOM = "gc/research/h1-routing-experiment";

export interface ConfiguredFleet extends Aggregate<FleetState, FleetCommand, FleetFact> {
  /** What counts for a fleet nobody has configured. */
  readonly options: FleetOptions;
}

/** Throws nothing: settings out of their limits are refused with the first command. */
export function configuredFleet(settings: SettingsAsked): ConfiguredFleet {
  const { offset, room = FLEET_ROOM } = settings;
  const options: FleetOptions = { room, ...(offset !== undefined && { offset }) };
  const fleet = createFleet(options);
  return {
    ...fleet,
    options,
    decide: (state, command) => {
      const decided = fleet.decide(state, command);
      if (isRefusal(decided) || decided.length === 0) return decided;
      if (state.settings !== null || command.type === "configure") return decided;
      return [...configure(state, settings, settingsOf(state, options)), ...decided];
    },
  };
}
