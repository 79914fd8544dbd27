// What is kept of an attempt that was over before its processes had left: the session had decided, by a time limit, a
// cancel or its own end, and what they wrote until they were gone is told after the fact. It changes no outcome.
import type { Decision, Refusal } from "../event/decider.ts";
import type { Json } from "../event/json.ts";
import type { KeepRecord } from "./commands.ts";
import type { RecordKept, SessionEvent, TaskRecord } from "./events.ts";
import type { SessionState, TaskState } from "./state.ts";
import { fact, findTask, quote } from "./tasks.ts";

/** Also of a session that has ended: a record moves nothing that was final. */
export function keepRecord(state: SessionState, command: KeepRecord): Decision<SessionEvent> {
  const { taskId, attempt, record } = command;
  const task = state.pruned === null ? findTask(state, taskId) : refusePruned(state);
  if ("code" in task) return task;
  const refusal = refuseUnlessOver(task, attempt);
  if (refusal !== null) return refusal;
  const kept = recordOf(record);
  if (Object.keys(kept).length === 0 || isKept(task, attempt, kept)) return [];
  return [fact("record_kept", null, { ...kept, task_id: taskId, attempt })];
}

/** A task shows what is kept of its last attempt; of an earlier one the event alone tells. */
export function recordKept(
  state: SessionState,
  { data, seq }: { readonly data: RecordKept; readonly seq: number },
): void {
  state.recordSeq = seq;
  const task = state.tasks.get(data.task_id);
  if (task === undefined || task.attempt !== data.attempt) return;
  task.record = recordWith(task.record, data);
}

/** Every member of a record. */
const RECORD_MEMBERS = [
  "result_blob",
  "output",
  "artifacts",
  "artifacts_blob",
  "artifacts_left_out",
  "exit_code",
] as const satisfies readonly (keyof TaskRecord)[];

/** Of a task of whose work nothing is kept. */
export const NO_RECORD: TaskRecord = Object.freeze({});

/** The record in what else is told beside it. Each task that ends passes here, and most have none. */
export function recordOf(told: TaskRecord): TaskRecord {
  let record: Record<string, Json | undefined> | null = null;
  for (const member of RECORD_MEMBERS) {
    if (told[member] !== undefined) (record ??= {})[member] = told[member];
  }
  return record ?? NO_RECORD;
}

/** What there was of an attempt, with what else is told of it. */
export function recordWith(before: TaskRecord, told: TaskRecord): TaskRecord {
  const record = recordOf(told);
  return before === NO_RECORD ? record : { ...before, ...record };
}

/** Told once, however often: all of it stands there already. */
function isKept(task: TaskState, attempt: number, record: TaskRecord): boolean {
  if (task.attempt !== attempt) return false;
  return Object.entries(record).every(
    ([name, value]) => JSON.stringify(task.record[name]) === JSON.stringify(value),
  );
}

function refuseUnlessOver({ taskId, attempt: last, status }: TaskState, attempt: number): Refusal | null {
  if (attempt >= 1 && (attempt < last || (attempt === last && status !== "running"))) return null;
  const isRunning = attempt === last;
  return {
    code: "conflict",
    what: `Attempt ${attempt} of task ${quote(taskId)} ${isRunning ? "is running" : "was never started"}.`,
    todo: isRunning ? "Complete it, and tell its record with that." : "Name an attempt that is over.",
  };
}

function refusePruned({ sessionId }: SessionState): Refusal {
  return {
    code: "pruned",
    what: `What was kept of session ${sessionId} has been let go of.`,
    todo: "Drop the record: there is nothing left that it would stand with.",
  };
}
