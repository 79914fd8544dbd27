// The ways into a fleet: its decider alone, its runtime over a store, and any H1 router by its URL.
import { isRefusal } from "../../src/event/decider.ts";
import type { Runtime, Untimed } from "../../src/event/runtime.ts";
import type { FleetCommand, FleetFact } from "../../src/fleet/fleet-facts.ts";
import type { FleetState } from "../../src/fleet/fleet-state.ts";
import type { MemoryFleet } from "../../src/fleet/memory-fleet.ts";
import { STREAM } from "./prepared.ts";
import type { Door } from "./traffic.ts";

export type FleetRuntime = Runtime<FleetState, FleetCommand, FleetFact>;

/** Decide and evolve, nothing else. */
export function memoryDoor(fleet: MemoryFleet): Door {
  const give = async (command: Untimed<FleetCommand>): Promise<void> => {
    const decided = fleet.give({ ...command, now: Date.now() });
    if (isRefusal(decided)) throw new Error(decided.what);
  };
  return { route: give, complete: async (task_id) => await give({ type: "complete", task_id }) };
}

/** Select, insert, event, decision: an answer is durable. */
export function runtimeDoor(runtime: FleetRuntime): Door {
  const give = async (command: Untimed<FleetCommand>): Promise<void> => {
    const { refusal } = await runtime.execute(STREAM, command);
    if (refusal !== null) throw new Error(refusal.what);
  };
  return { route: give, complete: async (task_id) => await give({ type: "complete", task_id }) };
}

/** `POST /route` and `/complete` of the router at a URL. */
export function httpDoor(url: string): Door {
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 200)}`);
  };
  return {
    route: async ({ task_id, required_capabilities, agents_needed }) =>
      await post("/route", { task_id, required_capabilities, agents_needed }),
    complete: async (task_id) => await post("/complete", { task_id }),
  };
}
