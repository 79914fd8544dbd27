// What `holodeck up` needs for its fleets beside the server: a file, what the environment says, and tiles sent on.
import { readFileSync } from "node:fs";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import { sinkFor } from "../local.ts";
import { loadFleetFile, parseFleetFile, type FleetFile } from "../server/fleet/fleet-file.ts";
import { DEFAULT_FLEET, type Fleets } from "../server/fleet/fleets.ts";
import { CLOSE_SEND_MS_MAX } from "../session/sending.ts";
import { systemRandom } from "../session/system-id.ts";
import type { Store } from "../store/port.ts";
import { Outbox } from "../tile/outbox.ts";
import type { Io } from "./io.ts";

export interface UpFleet {
  /** The environment's word counts more than the file's. */
  readonly settings: SettingsAsked;
  readonly file: FleetFile | null;
}

/** Throws `not_found` for a file that cannot be read, `invalid_argument` for what is out of its limits. */
export function readFleet(path: string | undefined, { env }: Io): UpFleet {
  const file = path === undefined ? null : parseFleetFile(readText(path), path);
  const offset = offsetIn(env["EMERGENCE_THRESHOLD"]);
  const plato_url = urlIn(env["PLATO_URL"]);
  return {
    file,
    settings: {
      ...file?.settings,
      ...(offset !== null && { offset }),
      ...(plato_url !== null && { plato_url }),
    },
  };
}

/**
 * Brings the fleets to what the file says, and sends on what waits in the store for a PLATO server, if the fleet of
 * who names none has one. Answers how to end that.
 */
export async function runFleet(
  { file }: UpFleet,
  parts: {
    readonly fleets: Fleets;
    readonly store: Store;
    readonly clock: Clock;
    readonly report: (error: unknown) => void;
  },
): Promise<() => Promise<void>> {
  const { fleets, store, clock, report } = parts;
  if (file !== null) await loadFleetFile(fleets, file);
  const { state } = await fleets.now(file?.fleet ?? DEFAULT_FLEET);
  const url = state.settings?.plato_url ?? fleets.settings.plato_url ?? null;
  if (url === null) return async () => await Promise.resolve();
  const outbox = new Outbox({
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: Math.random,
    owner: systemRandom.id(clock.now()),
    sinkFor: sinkFor(clock),
    onError: report,
  });
  outbox.start();
  return async () => await outbox.stop(CLOSE_SEND_MS_MAX);
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

function offsetIn(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  if (/^[+-]?\d{1,7}$/.test(text)) return Number(text);
  throw new HolodeckError("invalid_argument", {
    what: `EMERGENCE_THRESHOLD is ${JSON.stringify(text)}, which is no whole number.`,
    todo: "Set it to the offset of the threshold from V, such as -2.",
  });
}

function urlIn(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "")
    return text;
  throw new HolodeckError("invalid_argument", {
    what: "PLATO_URL is no http or https URL without a password.",
    todo: "Set it to where the PLATO server is, such as http://localhost:8848.",
  });
}
