// `holodeck fleet cycles`: who is in each loop of coordination, who waits for whom, and who hands work to and fro.
import { fundamentalCycles } from "../fleet/cycles.ts";
import { plainGraph } from "../fleet/plain-graph.ts";
import { pingPongs, waitCycles } from "../fleet/waits.ts";
import { EXIT } from "./exit-codes.ts";
import { readFleet, type FleetOptions } from "./fleet-state.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export interface FleetCyclesOptions extends FleetOptions {
  /** Default 50. */
  readonly limit?: number;
}

const LIMIT = 50;

export async function command(
  _args: readonly string[],
  options: FleetCyclesOptions,
  io: Io,
): Promise<number> {
  const { graph } = await readFleet(options, io);
  const { limit = LIMIT } = options;
  const cycles: (readonly string[])[] = [];
  let total = 0;
  for (const cycle of fundamentalCycles(plainGraph(graph))) if (++total <= limit) cycles.push(cycle);
  const arcs = [...graph.arcs()];
  const [waits, handoffs] = [waitCycles(arcs), pingPongs(arcs)];
  if (options.json === true) {
    printJson(io, { total, cycles, waits, ping_pongs: handoffs });
    return EXIT.ok;
  }
  for (const cycle of cycles) print(io, round(cycle, " — "));
  for (const { cycle } of waits) print(io, `deadlock: ${round(cycle, " waits for ")}`);
  for (const { a, b, there, back } of handoffs)
    print(io, `ping-pong: ${printable(a)} → ${printable(b)} ${there} times, back ${back} times`);
  if (total === 0) note(io, "No loops: β₁ is 0.");
  if (total > cycles.length) note(io, `There are ${total} in all: --limit shows more.`);
  return EXIT.ok;
}

/** The last is tied to the first. */
function round(members: readonly string[], tie: string): string {
  return [...members, members[0] ?? ""].map((id) => printable(id)).join(tie);
}
