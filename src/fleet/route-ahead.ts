// Which agents a batch of pending tasks would best go to, one each: the fewest loops over all of them, then the
// least load. Exact over the candidates looked at; where there were more, the answer says so. It changes nothing:
// route each task with its agent preferred. Loads and room are those of before the batch.
import type { Refusal } from "../event/decider.ts";
import { taskKey, type TaskName } from "./fleet-facts.ts";
import { invalid, taskTaken } from "./fleet-refusals.ts";
import type { FleetState } from "./fleet-state.ts";
import { lookahead, type SlotOption } from "./lookahead.ts";

/** The most tasks of a batch, and the most agents looked at for each. */
export const TASKS_AHEAD_MAX = 64;
export const AGENTS_AHEAD_MAX = 32;

export type PendingTask = TaskName & { readonly required_capabilities?: readonly string[] };

export type RoutesAhead = {
  /** In the order of the tasks; `agent_id` is empty where nobody capable has room. */
  readonly assignments: readonly { readonly task_id: string; readonly agent_id: string }[];
  readonly h1_delta: number;
  readonly capped: boolean;
  readonly reasoning: string;
};

interface Slot {
  readonly agents: readonly string[];
  readonly options: readonly SlotOption[];
  readonly capped: boolean;
}

/** The best assignment of at most 64 different tasks; refuses with `invalid_argument` beyond, `conflict` on a taken id. */
export function routeAhead(state: FleetState, tasks: readonly PendingTask[]): RoutesAhead | Refusal {
  if (tasks.length > TASKS_AHEAD_MAX || new Set(tasks.map(taskKey)).size < tasks.length) {
    return invalid(
      "The batch is too large or names a task twice.",
      `Look ahead over at most ${TASKS_AHEAD_MAX} different tasks.`,
    );
  }
  for (const task of tasks) {
    const taken = taskTaken(state, taskKey(task), task.session_id);
    if (taken !== null) return taken;
  }
  const slots = tasks.map((task, place) => slotOf(state, task, place));
  const { choices, loops } = lookahead(slots.map(({ options }) => options));
  const capped = slots.some((slot) => slot.capped);
  return {
    assignments: tasks.map(({ task_id }, place) => ({
      task_id,
      agent_id: slots[place]?.agents[choices[place] ?? -1] ?? "",
    })),
    h1_delta: loops,
    capped,
    reasoning: `${tasks.length} tasks together close ${loops} loops, the fewest there can be${
      capped ? ` with the ${AGENTS_AHEAD_MAX} least loaded agents for each; there were more agents` : ""
    }.`,
  };
}

function slotOf(state: FleetState, task: PendingTask, place: number): Slot {
  const { graph, selection } = state;
  const key = taskKey(task);
  const exists = graph.has(key);
  const agents: string[] = [];
  const options: SlotOption[] = [];
  const required = task.required_capabilities ?? state.tasks.get(key)?.required ?? [];
  for (const id of selection.inOrder(required)) {
    if (exists && graph.multiplicity({ a: id, b: key, kind: "assignment" }) > 0) continue;
    if (agents.length === AGENTS_AHEAD_MAX) return { agents, options, capped: true };
    agents.push(id);
    options.push({ ...endsOf(state, exists ? key : null, id, place), cost: selection.load(id) });
  }
  return { agents, options, capped: false };
}

/** Components an edge would join. A fresh task, and an edge that is there already, stand for components of their own. */
function endsOf(
  state: FleetState,
  key: string | null,
  agent: string,
  place: number,
): { readonly a: number; readonly b: number } {
  const alone = -1 - 2 * place;
  const b = state.graph.componentOf(agent);
  if (key === null) return { a: alone, b };
  if (state.graph.adjacent(key, agent)) return { a: alone, b: alone - 1 };
  return { a: state.graph.componentOf(key), b };
}
