// `holodeck fleet agents`: who can be routed to, what they can do, and how many tasks they have.
import { agentViews, type AgentView } from "../fleet/fleet-view.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { readFleet, type FleetOptions } from "./fleet-state.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { table } from "./table.ts";

export interface FleetAgentsOptions extends FleetOptions {
  /** Default 100. */
  readonly limit?: number;
}

const LIMIT = 100;

export async function command(
  _args: readonly string[],
  options: FleetAgentsOptions,
  io: Io,
): Promise<number> {
  const state = await readFleet(options, io);
  const { limit = LIMIT } = options;
  const agents: (AgentView & { readonly capacity: number | null })[] = [];
  for (const agent of agentViews(state)) {
    if (agents.length >= limit) break;
    agents.push({ ...agent, capacity: state.selection.capacity(agent.agent_id) });
  }
  const total = state.selection.size;
  if (options.json === true) {
    printJson(io, { agents, total });
    return EXIT.ok;
  }
  const rows = agents.map(({ agent_id, capabilities, n_tasks, capacity }) => [
    agent_id,
    capacity === null ? String(n_tasks) : `${n_tasks} of ${capacity}`,
    capabilities.join(", "),
  ]);
  const colors = palette(wantsColor(io.out, io.env));
  for (const line of table(["AGENT", "TASKS", "CAPABILITIES"], rows, colors)) print(io, line);
  if (total > agents.length) note(io, `There are ${total} in all: --limit shows more.`);
  return EXIT.ok;
}
