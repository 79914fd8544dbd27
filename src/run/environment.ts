// What a task's processes see: the plan's, the agent's and the task's variables, PATH, HOME and TMPDIR of this
// process, and HOLODECK_*. Nothing else. Secrets go to the guard apart, because it must know what to take out.
import type { Plan, PlanAgent, PlanTask } from "./plan-schema.ts";
import type { Secrets } from "./redact.ts";

export interface EnvironmentParams {
  readonly plan: Plan;
  readonly task: PlanTask;
  readonly agent: PlanAgent | null;
  /** The environment of this process. */
  readonly outer: Readonly<Record<string, string | undefined>>;
  readonly sessionId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** The folder of `writeResults`. */
  readonly resultsFolder: string;
}

const PASSED_ON = ["PATH", "HOME", "TMPDIR"] as const;

/** The environment for `GoSpec.env`. The guard adds HOLODECK_RESULT_FILE, _ATTEMPT_KEY and _PROMPT_FILE. */
export function taskEnvironment(params: EnvironmentParams): Readonly<Record<string, string>> {
  const { plan, task, agent, outer, sessionId, attempt, resultsFolder } = params;
  const passed: Record<string, string> = {};
  for (const name of PASSED_ON) if (outer[name] !== undefined) passed[name] = outer[name];
  return {
    ...passed,
    ...plan.env,
    ...agent?.env,
    ...task.env,
    HOLODECK_SESSION_ID: sessionId,
    HOLODECK_TASK_ID: task.id,
    HOLODECK_ATTEMPT: String(attempt),
    HOLODECK_TASK_KEY: taskKey(sessionId, task.id),
    HOLODECK_RESULTS: resultsFolder,
  };
}

/** The same for every attempt of a task: with it the task's work can be done once. */
export function taskKey(sessionId: string, taskId: string): string {
  return `${sessionId}:${taskId}`;
}

/** Another for every attempt: with it the attempt's processes are found. */
export function attemptKey(sessionId: string, taskId: string, attempt: number): string {
  return `${taskKey(sessionId, taskId)}:${attempt}`;
}

/** The declared secrets' values. A checked plan (with `environment`) has them all. */
export function secretValues(plan: Plan, outer: Readonly<Record<string, string | undefined>>): Secrets {
  return Object.fromEntries(
    plan.secrets.flatMap((name) => (outer[name] === undefined ? [] : [[name, outer[name]]])),
  );
}
