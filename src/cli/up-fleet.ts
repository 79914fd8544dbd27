// What `holodeck up` runs its fleets with: a file of agents and tasks, and what the settings say.
import { readFileSync } from "node:fs";
import { HolodeckError } from "../event/error.ts";
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import { parseFleetFile, type FleetFile } from "../server/fleet/fleet-file.ts";
import type { Settings } from "./settings.ts";

export interface UpFleet {
  /** The settings' word counts more than the file's. */
  readonly asked: SettingsAsked;
  readonly file: FleetFile | null;
}

/** Throws `not_found` for a file that cannot be read, `invalid_argument` for what is out of its limits. */
export function readFleet({ fleetFile, emergenceThreshold, platoUrl }: Settings): UpFleet {
  const file = fleetFile === null ? null : parseFleetFile(readText(fleetFile), fleetFile);
  return {
    file,
    asked: {
      ...file?.settings,
      ...(emergenceThreshold !== null && { offset: emergenceThreshold }),
      ...(platoUrl !== null && { plato_url: platoUrl }),
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HolodeckError("not_found", {
      what: `The fleet's file ${JSON.stringify(path)} cannot be read.`,
      todo: "Name a file that is there and may be read.",
      cause,
    });
  }
}
