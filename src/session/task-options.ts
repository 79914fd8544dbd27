// What a task can be added with beside its data.
import type { AddTask } from "./commands.ts";
import type { Retries } from "./events.ts";
import {
  checkInteger,
  checkKeys,
  checkOneOf,
  checkSeconds,
  checkText,
  checkTexts,
  invalid,
} from "./input.ts";
import { TASK_PRIORITIES, type TaskPriority } from "./outcome.ts";

/** What `session.addTask` takes beside the task's data. */
export interface TaskOptions {
  /** Default `normal`. */
  readonly priority?: TaskPriority;
  /** What its agent must be able to do. Default nothing. */
  readonly requiredCapabilities?: readonly string[];
  /** Who does it; default the session's agent, or whom it is routed to. */
  readonly agentId?: string;
  /** Per attempt; default the session's `taskTimeoutSeconds`. */
  readonly timeoutSeconds?: number;
  /** Further attempts after these outcomes. Default none. */
  readonly retries?: {
    readonly max: number;
    /** Default failed and timeout. */
    readonly on?: readonly ("failed" | "timeout")[];
    /** Before the first retry, doubled for each further one. Default 0. */
    readonly backoffSeconds?: number;
  };
  /** Makes the call happen once, however often it is repeated. */
  readonly idempotencyKey?: string;
}

type CheckedOptions = Pick<
  AddTask,
  "priority" | "requiredCapabilities" | "agentId" | "timeoutSeconds" | "retries"
>;

/** Throws `invalid_argument` for the first option that is out of its limits. */
export function checkTaskOptions(options: TaskOptions): CheckedOptions {
  const {
    priority = "normal",
    requiredCapabilities = [],
    agentId,
    timeoutSeconds,
    retries,
  } = checkKeys(options, "options", [
    "priority",
    "requiredCapabilities",
    "agentId",
    "timeoutSeconds",
    "retries",
    "idempotencyKey",
  ]);
  return {
    priority: checkOneOf(priority, "priority", TASK_PRIORITIES),
    requiredCapabilities: checkTexts(requiredCapabilities, "requiredCapabilities"),
    agentId: agentId === undefined ? null : checkText(agentId, "agentId"),
    timeoutSeconds: timeoutSeconds === undefined ? null : checkSeconds(timeoutSeconds, "timeoutSeconds"),
    retries: retries === undefined ? null : checkRetries(retries),
  };
}

function checkRetries(retries: NonNullable<TaskOptions["retries"]>): Retries {
  const {
    max,
    on = ["failed", "timeout"],
    backoffSeconds = 0,
  } = checkKeys(retries, "retries", ["max", "on", "backoffSeconds"]);
  if (!Array.isArray(on)) throw invalid("retries.on", on, "Pass a list of failed and timeout.");
  return {
    max: checkInteger(max, "retries.max", 0, 1_000),
    on: on.map((outcome: unknown) => checkOneOf(outcome, "retries.on", ["failed", "timeout"] as const)),
    backoff_seconds: backoffSeconds === 0 ? 0 : checkSeconds(backoffSeconds, "retries.backoffSeconds"),
  };
}
