// What an agent may say of a task's end, and what that asks for.
import type { TaskOutcome } from "./outcome.ts";
import { COMPLETE_OPTIONS, type CompleteOptions } from "./task.ts";

/** What an agent tells of a completion. What else is kept of the work is the owner's to say. */
export type AgentCompletion = Omit<CompleteOptions, "record">;

export const COMPLETION = COMPLETE_OPTIONS.filter((name) => name !== "record");

/** The action a completion asks for. */
export const COMPLETION_ACTIONS: Readonly<Record<TaskOutcome, string>> = {
  success: "complete",
  failed: "fail",
  timeout: "fail",
  cancelled: "cancel",
};
