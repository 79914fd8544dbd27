// `holodeck fleet what-if TASK`: whom the fleet would choose, and why. Changes nothing.
import { isRefusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { createFleet } from "../fleet/router.ts";
import { EXIT } from "./exit-codes.ts";
import { readFleet } from "./fleet-state.ts";
import type { Io } from "./io.ts";
import { askedOf, tellDecision, type RouteOptions } from "./routing-answer.ts";

export async function command(
  [task = ""]: readonly string[],
  options: RouteOptions,
  io: Io,
): Promise<number> {
  const state = await readFleet(options, io);
  const decided = createFleet().decide(state, { type: "route", ...askedOf(task, options), now: Date.now() });
  if (isRefusal(decided)) throw new HolodeckError(decided.code, decided);
  for (const { type, data } of decided) {
    if (type !== "task_routed") continue;
    tellDecision({ ...data, emergence: decided.length > 1 }, "would go", options, io);
  }
  return EXIT.ok;
}
