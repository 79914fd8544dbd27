// What a session is asked for with, whoever serves it: how it starts, resumes, routes.
import type { JsonObject } from "../event/json.ts";
import { resolveConfig, type ResolvedConfig, type SessionConfig } from "./config.ts";
import { checkJsonObject, checkKeys, checkText, checkTexts, invalid } from "./input.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

const SESSION_ID = /^sess_[0-9a-z]{1,64}$/;

/** What `manager.startSession` takes. */
export interface StartOptions {
  /** Where the work is written down, for `resume`: plain JSON. */
  readonly plan?: JsonObject;
  /**
   * Instead of the manager's own configuration, for this session alone. Callbacks are the manager's. Its tiles are sent
   * when it names a `platoUrl`.
   */
  readonly config?: Omit<SessionConfig, "onTaskComplete" | "onSessionEnd" | "onEmergenceAlert">;
  /** `sess_` and 1 to 64 lower-case letters and digits; default a new one. Refused (`conflict`) when there is such a session. */
  readonly sessionId?: string;
  /** Makes the call happen once, however often it is repeated: it takes `sessionId`, since keys are known per session. */
  readonly idempotencyKey?: string;
}

/** What `manager.resume` takes. */
export interface ResumeOptions {
  /** What to do about each task whose attempt runs, or ran in a process that died; default: the latter's are lost. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
}

/** What `manager.routeTaskH1` takes. */
export interface RouteOptions {
  /** Chosen before others who are as capable, unless they alone would bring emergence. At most 64. */
  readonly preferAgents?: readonly string[];
}

/** `StartOptions`, checked. */
export interface CheckedStart {
  readonly plan: JsonObject | null;
  readonly config: ResolvedConfig;
  /** Null for a new one. */
  readonly sessionId: string | null;
  readonly key: string | null;
}

/** Throws `invalid_argument`. `own` is the manager's configuration. */
export function checkStart(options: StartOptions, own: ResolvedConfig): CheckedStart {
  const known = ["plan", "config", "sessionId", "idempotencyKey"] as const;
  const { plan, config, sessionId, idempotencyKey } = checkKeys(options, "options", known);
  if (sessionId !== undefined && !SESSION_ID.test(checkText(sessionId, "sessionId"))) {
    throw invalid("sessionId", sessionId, "Pass sess_ and 1 to 64 lower-case letters and digits.");
  }
  if (idempotencyKey !== undefined && sessionId === undefined) {
    throw invalid("idempotencyKey", idempotencyKey, "Pass the sessionId with it.");
  }
  return {
    plan: plan === undefined ? null : checkJsonObject(plan, "plan"),
    config: config === undefined ? own : resolveConfig(config),
    sessionId: sessionId ?? null,
    key: idempotencyKey === undefined ? null : checkText(idempotencyKey, "idempotencyKey"),
  };
}

const PREFERRED_MAX = 64;

/** Throws `invalid_argument`. */
export function checkRoute(taskId: string, requiredCapabilities: readonly string[], options: RouteOptions) {
  const { preferAgents = [] } = checkKeys(options, "options", ["preferAgents"]);
  return {
    taskId: checkText(taskId, "taskId"),
    capabilities: checkTexts(requiredCapabilities, "requiredCapabilities"),
    preferAgents: checkTexts(preferAgents, "preferAgents", PREFERRED_MAX),
  };
}
