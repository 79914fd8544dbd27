// `holodeck route TASK`: gives a task to an agent of the fleet in the store, and says why to this one.
import { EXIT } from "./exit-codes.ts";
import { commandFleet } from "./fleet-runtime.ts";
import type { Io } from "./io.ts";
import { askedOf, tellDecision, type RouteOptions } from "./routing-answer.ts";

export async function command(
  [task = ""]: readonly string[],
  options: RouteOptions,
  io: Io,
): Promise<number> {
  const facts = await commandFleet({ type: "route", ...askedOf(task, options) }, options, io);
  const emergence = facts.some(({ type }) => type === "emergence_crossed");
  let isRouted = false;
  for (const { type, data } of facts) {
    if (type !== "task_routed") continue;
    tellDecision({ ...data, emergence }, "goes", options, io);
    isRouted ||= data.agent_id !== "";
  }
  return isRouted ? EXIT.ok : EXIT.failed;
}
