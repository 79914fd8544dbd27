// How tasks and sessions end, and how urgent a task is: string unions under the names of
// spec/holodeck-session-manager.txt, so that `TaskOutcome.SUCCESS` and `"success"` are the same thing.

export const TaskOutcome = {
  /** Task completed successfully. */
  SUCCESS: "success",
  /** Task failed. */
  FAILED: "failed",
  /** Task was cancelled. */
  CANCELLED: "cancelled",
  /** Task timed out. */
  TIMEOUT: "timeout",
} as const;
export type TaskOutcome = (typeof TaskOutcome)[keyof typeof TaskOutcome];

export const SessionOutcome = {
  /** Session ended successfully. */
  SUCCESS: "success",
  /** Session failed. */
  FAILED: "failed",
  /** Session timed out. */
  TIMEOUT: "timeout",
  /** Session was cancelled. */
  CANCELLED: "cancelled",
} as const;
export type SessionOutcome = (typeof SessionOutcome)[keyof typeof SessionOutcome];

export const TaskPriority = { LOW: "low", NORMAL: "normal", HIGH: "high", CRITICAL: "critical" } as const;
export type TaskPriority = (typeof TaskPriority)[keyof typeof TaskPriority];

/** Urgency as a number for sorting: 0 is the most urgent. */
export const PRIORITY_RANK: Readonly<Record<TaskPriority, number>> = {
  critical: 0,
  high: 1,
  normal: 2,
  low: 3,
};

export const TASK_OUTCOMES: readonly TaskOutcome[] = Object.values(TaskOutcome);
export const SESSION_OUTCOMES: readonly SessionOutcome[] = Object.values(SessionOutcome);
export const TASK_PRIORITIES: readonly TaskPriority[] = Object.values(TaskPriority);
