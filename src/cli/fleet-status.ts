// `holodeck fleet status`: the fleet's loops (β₁), and what they say of it.
import { flaggedComponents, EMERGENCE_OFFSET_DEFAULT } from "../fleet/emergence.ts";
import { fleetStatus, h1Snapshot } from "../fleet/fleet-view.ts";
import { EXIT } from "./exit-codes.ts";
import { readFleet, type FleetOptions } from "./fleet-state.ts";
import { count } from "./format.ts";
import { print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export async function command(_args: readonly string[], options: FleetOptions, io: Io): Promise<number> {
  const state = await readFleet(options, io);
  const status = fleetStatus(state);
  const { threshold } = h1Snapshot(state);
  const flagged = flaggedComponents(state.graph, EMERGENCE_OFFSET_DEFAULT);
  if (options.json === true) {
    const components = flagged.map(({ member, margin }) => ({ member, margin }));
    printJson(io, {
      ...status,
      threshold,
      crossings: state.emergence.crossings,
      flagged_components: components,
    });
    return EXIT.ok;
  }
  const { n_agents, n_tasks, n_edges, n_components, h1_dimension, emergence_detected, margin } = status;
  const above = emergence_detected ? "above" : "not above";
  for (const [name, value] of [
    ["fleet", `${count(n_agents, "agent")}, ${count(n_tasks, "task")}, ${count(n_edges, "edge")}`],
    ["parts", `${count(n_components, "component")} not tied to one another`],
    ["loops", `β₁ = ${h1_dimension}, ${above} the threshold V−2 = ${threshold} (margin ${margin})`],
    ["shape", status.description],
    ["alerts", `${count(state.emergence.crossings, "upward crossing")} so far`],
  ] as const)
    print(io, `${name.padEnd(8)} ${value}`);
  for (const { member, margin: over } of flagged)
    print(io, `         the component of ${printable(member)} is over its own line by ${over}`);
  return EXIT.ok;
}
