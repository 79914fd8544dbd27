// `holodeck fleet articulation`: single points of failure: whose loss parts those it holds together.
import { articulation } from "../fleet/articulation.ts";
import { plainGraph } from "../fleet/plain-graph.ts";
import { EXIT } from "./exit-codes.ts";
import { readFleet, type FleetOptions } from "./fleet-state.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export async function command(_args: readonly string[], options: FleetOptions, io: Io): Promise<number> {
  const { graph } = await readFleet(options, io);
  const { points, bridges } = articulation(plainGraph(graph));
  const members = points.map((id) => ({ id, kind: graph.kindOf(id) }));
  if (options.json === true) {
    printJson(io, { points: members, bridges });
    return EXIT.ok;
  }
  for (const { id, kind } of members)
    print(io, `${kind ?? "vertex"} ${printable(id)} holds its neighbours together`);
  for (const [a, b] of bridges) print(io, `bridge ${printable(a)} — ${printable(b)}`);
  if (members.length + bridges.length === 0) note(io, "None: no single loss parts anything.");
  return EXIT.ok;
}
