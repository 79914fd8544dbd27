// A task as a row of a table.
import type { TaskState } from "../session/state.ts";
import { formatDuration } from "./format.ts";
import { cut, printable } from "./printable.ts";

export const TASK_HEADINGS = ["TASK", "OUTCOME", "ATTEMPTS", "DURATION", "AGENT", "LAST"] as const;
export const TASK_OUTCOME_COLUMN = 1;

const LAST_WIDTH = 80;

export function taskRow(task: TaskState, sessionAgentId: string): readonly string[] {
  const { taskId, outcome, status, attempt, retries, durationMs, agentId, routing } = task;
  return [
    taskId,
    outcome ?? status,
    retries.max > 0 ? `${attempt} of ${retries.max + 1}` : String(attempt),
    durationMs === null ? "" : formatDuration(durationMs),
    agentId ?? routing?.agent_id ?? sessionAgentId,
    cut(printable(lastOf(task)), LAST_WIDTH),
  ];
}

/** What tells most in a line: the error, else the result, else the end of the output. */
function lastOf({ error, result, record }: TaskState): string {
  if (error !== null) return error;
  if (result !== undefined) return typeof result === "string" ? result : JSON.stringify(result);
  const preview = record.result_blob?.preview ?? record.output?.preview ?? "";
  return preview.trimEnd().split("\n").at(-1) ?? "";
}
