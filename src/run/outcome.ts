// What an attempt's exit says of its task: how it ended, or that it was lost; and whether a whole run went well.
import type { TaskOutcome } from "../session/outcome.ts";
import type { Plan, PlanCondition, PlanTask } from "./plan-schema.ts";
import type { TaskEnd } from "./plan-order.ts";
import type { AttemptExit } from "./spool.ts";

/** An attempt that was lost says nothing about its task: it is started again. */
export type Verdict =
  | { readonly kind: "ended"; readonly outcome: TaskOutcome; readonly error: string | null }
  | { readonly kind: "lost"; readonly reason: string };

export function verdictOf(exit: AttemptExit): Verdict {
  switch (exit.stopped_by) {
    case "parent":
      return { kind: "lost", reason: "The process that ran the plan died." };
    case "guard":
      return { kind: "lost", reason: "The guard of the attempt was killed." };
    case "stop":
      return { kind: "lost", reason: "The attempt was stopped." };
    case "timeout":
      return { kind: "ended", outcome: "timeout", error: "It ran out of time." };
    case "idle":
      return { kind: "ended", outcome: "timeout", error: `It wrote nothing for ${idleTime(exit)}.` };
    case null:
      return { kind: "ended", ...endOf(exit) };
  }
}

function endOf(exit: AttemptExit): { readonly outcome: TaskOutcome; readonly error: string | null } {
  if (exit.error !== null) return { outcome: "failed", error: exit.error };
  if (exit.signal !== null) return { outcome: "failed", error: `Ended by ${exit.signal}.${lastLine(exit)}` };
  if (exit.exit_code !== 0) {
    return { outcome: "failed", error: `Exited with code ${exit.exit_code}.${lastLine(exit)}` };
  }
  if (exit.result_error !== null) return { outcome: "failed", error: exit.result_error };
  return { outcome: "success", error: null };
}

/** A spool of an earlier version does not say. */
function idleTime({ idle_timeout_ms: ms }: AttemptExit): string {
  return ms === undefined ? "too long" : `${ms / 1_000} s`;
}

/** The last line it wrote is mostly what went wrong. */
function lastLine({ preview }: AttemptExit): string {
  const line = preview.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return line === "" ? "" : ` Last line: ${line.slice(0, 200)}`;
}

/**
 * `success` when nothing went wrong that was not taken care of. A task that failed or timed out is taken care of when
 * a task after it was there for that case alone (`when: failed`, or a condition on it that a success does not meet) and
 * succeeded. What runs either way (`when: always`) cleans up or reports, and makes nothing good.
 */
export function runOutcome(plan: Plan, ends: ReadonlyMap<string, TaskEnd>): "success" | "failed" {
  const wrong = plan.tasks.filter(({ id }) => {
    const outcome = ends.get(id)?.outcome;
    return outcome === "failed" || outcome === "timeout";
  });
  const handled = wrong.every(({ id }) =>
    plan.tasks.some((task) => takesCareOf(task, id) && ends.get(task.id)?.outcome === "success"),
  );
  return handled ? "success" : "failed";
}

/** Whether it ran, if it did, because the task with this id went wrong. */
function takesCareOf({ after, when }: PlanTask, id: string): boolean {
  if (!after.includes(id) || when === "success" || when === "always") return false;
  if (when === "failed") return true;
  const conditions: readonly PlanCondition[] = Array.isArray(when) ? when : [when as PlanCondition];
  return conditions.some(({ task, outcome }) => task === id && isOfFailureAlone(outcome));
}

function isOfFailureAlone(outcome: PlanCondition["outcome"]): boolean {
  return outcome !== undefined && ![outcome].flat().includes("success");
}
