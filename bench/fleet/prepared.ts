// A fleet at work, made in memory and put into a store as its snapshot: a million agents registered one by one over
// HTTP would take longer than all that is to be measured.
import { isRefusal } from "../../src/event/decider.ts";
import { streamId } from "../../src/event/event.ts";
import type { Hash, StreamId } from "../../src/event/event.ts";
import { Runtime } from "../../src/event/runtime.ts";
import { encodePart, saveParts } from "../../src/event/snapshot-parts.ts";
import { ROWS_PER_PART } from "../../src/event/snapshot-writer.ts";
import { fleetRows, fleetSnapshot } from "../../src/fleet/fleet-snapshot.ts";
import type { FleetState } from "../../src/fleet/fleet-state.ts";
import { MemoryFleet } from "../../src/fleet/memory-fleet.ts";
import { createFleet } from "../../src/fleet/router.ts";
import type { Store } from "../../src/store/port.ts";
import { Traffic } from "./traffic.ts";

/** The fleet a server has from the beginning. */
export const STREAM: StreamId = streamId("fleet", "default");

/** Tasks for each agent: as they want one to three agents, each agent has one or two. */
const TASKS_PER_AGENT = 0.6;

export const MOMENT = () => ({ now: Date.now(), boot: { id: "bench", offsetMs: 0 } });

/** A fleet of so many agents that are all at work, and the traffic that goes on in it. */
export function prepare(size: number): { readonly fleet: MemoryFleet; readonly traffic: Traffic } {
  const fleet = new MemoryFleet();
  const traffic = new Traffic();
  const give = (command: Parameters<MemoryFleet["give"]>[0]): void => {
    const decided = fleet.give(command);
    if (isRefusal(decided)) throw new Error(decided.what);
  };
  for (let agent = 0; agent < size; agent++) {
    const capabilities = traffic.capabilities(agent);
    give({ type: "register_agent", agent_id: `agent-${agent}`, capabilities, now: 0 });
  }
  for (let task = 0; task < size * TASKS_PER_AGENT; task++) {
    const route = traffic.next();
    give({ ...route, now: 0 });
    traffic.routed(route);
  }
  return { fleet, traffic };
}

/** Makes a state the one of the store's fleet, as its snapshot after a first event. */
export async function putFleet(store: Store, state: FleetState): Promise<void> {
  const runtime = new Runtime({ aggregate: createFleet(), log: store, moment: MOMENT });
  await runtime.execute(STREAM, { type: "add_resource", resource_id: "bench" });
  const [first] = await store.read({ stream: STREAM });
  if (first === undefined) throw new Error("The first event is not there.");
  const parts: Hash[] = [];
  let rows: unknown[] = [];
  const put = async (): Promise<void> => {
    const bytes = encodePart(STREAM, 1, parts.length, [JSON.stringify(rows)]);
    parts.push(await store.putBlob({ bytes }));
    rows = [];
  };
  for (const row of fleetRows(state)) {
    rows.push(row);
    if (rows.length === ROWS_PER_PART) await put();
  }
  if (rows.length > 0) await put();
  const { hash, event } = first;
  await saveParts(store, STREAM, { seq: 1, hash, at: event.at, version: fleetSnapshot.version }, parts);
}
