// How a fleet is run: its threshold, its room, the server its tiles go to. It stands in the fleet's own stream, for
// two processes with different thresholds would report each other's crossings to and fro for ever.
import { EMERGENCE_OFFSET_DEFAULT } from "./emergence.ts";
import type { FleetConfigured, FleetFact, SettingsAsked } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";

export interface FleetOptions {
  /** Emergence is β₁ > V + offset. Default −2. */
  readonly offset?: number;
  /** The PLATO room of routing and alert tiles; null (the default) for none. */
  readonly room?: string | null;
}

export interface Settings {
  readonly offset: number;
  readonly room: string | null;
  /** Confidence never falls below this while the fleet has agents. */
  readonly minConfidence: number;
}

export const MIN_CONFIDENCE_DEFAULT = 0.5;

/** What a fleet goes by: what it was configured with, else the options of the process that asks. */
export function settingsOf({ settings }: FleetState, options: FleetOptions = {}): Settings {
  if (settings !== null) {
    return { offset: settings.offset, room: settings.room, minConfidence: settings.min_confidence };
  }
  return {
    offset: options.offset ?? EMERGENCE_OFFSET_DEFAULT,
    room: options.room ?? null,
    minConfidence: MIN_CONFIDENCE_DEFAULT,
  };
}

/** Nothing when the fleet is configured so already. */
export function configure(
  { settings }: FleetState,
  asked: SettingsAsked,
  current: Settings,
): readonly FleetFact[] {
  const plato_url = asked.plato_url === undefined ? (settings?.plato_url ?? null) : asked.plato_url;
  const configured: FleetConfigured = {
    offset: asked.offset ?? current.offset,
    room: asked.room === undefined ? current.room : asked.room,
    plato_url,
    deliver_tiles: plato_url !== null,
    min_confidence: asked.min_confidence ?? current.minConfidence,
  };
  if (settings !== null && JSON.stringify(configured) === JSON.stringify(settings)) return [];
  return [{ type: "fleet_configured", room: null, data: configured }];
}
