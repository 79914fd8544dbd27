// What of a plan can run next, and who can do it. Pure: what has ended comes in, what follows comes out.
import type { Json } from "../event/json.ts";
import type { Plan, PlanAgent, PlanCondition, PlanTask } from "./plan-schema.ts";

/** How a task ended. */
export interface TaskEnd {
  readonly outcome: "success" | "failed" | "cancelled" | "timeout";
  /** Its result, if it has one. */
  readonly result?: Json | null;
}

export interface Ready {
  /** May start now, the most urgent first, then as the plan has them. Some may be under way: the caller knows. */
  readonly start: readonly string[];
  /** Will not run, since their `when` is not met. Once these are among the outcomes, more may follow. */
  readonly skip: readonly { readonly id: string; readonly why: string }[];
}

const RANK = { critical: 0, high: 1, normal: 2, low: 3 } as const;

/** Which tasks follow from those that have ended. A task whose `after` have not all ended is in neither list. */
export function ready(plan: Plan, outcomes: ReadonlyMap<string, TaskEnd>): Ready {
  const open = plan.tasks.filter(
    (task) => !outcomes.has(task.id) && task.after.every((id) => outcomes.has(id)),
  );
  const judged = open.map((task) => ({ task, why: whyNot(task, outcomes) }));
  return {
    start: judged
      .filter(({ why }) => why === null)
      .sort((a, b) => RANK[a.task.priority] - RANK[b.task.priority])
      .map(({ task }) => task.id),
    skip: judged.flatMap(({ task, why }) => (why === null ? [] : [{ id: task.id, why }])),
  };
}

/**
 * The agents that can do a task: the one it names, or all that have its capabilities and, for a prompt, a command.
 * Empty only for a `run` that asks for nobody: the session's own agent does it.
 */
export function capableAgents(plan: Pick<Plan, "agents">, task: PlanTask): readonly PlanAgent[] {
  const asksForNobody =
    task.agent === undefined && task.capabilities.length === 0 && task.prompt === undefined;
  if (asksForNobody) return [];
  return plan.agents.filter(
    (agent) =>
      (task.agent === undefined || agent.id === task.agent) &&
      task.capabilities.every((capability) => agent.capabilities.includes(capability)) &&
      (task.prompt === undefined || agent.command !== undefined),
  );
}

/** Why a task will not run, now that all of its `after` have ended; null when it will. */
function whyNot(task: PlanTask, outcomes: ReadonlyMap<string, TaskEnd>): string | null {
  const { when, after } = task;
  const ended = after.map((id) => ({ id, outcome: outcomes.get(id)?.outcome }));
  if (when === "always") return null;
  if (when === "success") {
    const other = ended.find(({ outcome }) => outcome !== "success");
    return other === undefined ? null : `${other.id} ended as ${other.outcome}`;
  }
  if (when === "failed") {
    const hasFailed = ended.some(({ outcome }) => outcome === "failed" || outcome === "timeout");
    return hasFailed ? null : "none of the tasks before it failed";
  }
  const conditions: readonly PlanCondition[] = Array.isArray(when) ? when : [when as PlanCondition];
  const unmet = conditions.find((condition) => !isMet(condition, outcomes.get(condition.task)));
  return unmet === undefined ? null : `its condition on ${unmet.task} is not met`;
}

function isMet({ outcome, result }: PlanCondition, end: TaskEnd | undefined): boolean {
  if (end === undefined) return false;
  const wanted = outcome === undefined ? [] : [outcome].flat();
  if (wanted.length > 0 && !wanted.includes(end.outcome)) return false;
  return result === undefined || matches(result, end.result ?? null);
}

/** Equal; of an object, those keys that are asked for. */
function matches(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return wanted === found;
  if (typeof found !== "object" || found === null || Array.isArray(wanted) !== Array.isArray(found))
    return false;
  if (Array.isArray(wanted) && wanted.length !== (found as readonly unknown[]).length) return false;
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(found, key) && matches(value, (found as Record<string, unknown>)[key]),
  );
}
