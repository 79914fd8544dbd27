// A plan and its session: what the session is started with, and what it keeps of the plan so that any process can go
// on with it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HolodeckError } from "../event/error.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { SessionConfig } from "../session/config.ts";
import type { Session } from "../session/session.ts";
import type { Store } from "../store/port.ts";
import { secretValues } from "./environment.ts";
import { readSource } from "./plan-source.ts";
import { parsePlan } from "./plan.ts";
import type { Plan } from "./plan-schema.ts";
import { redactJson, redactText, secretPatterns } from "./redact.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A plan as it was given, and where. */
export interface PlanSourceFile {
  /** The YAML. */
  readonly text: string;
  /** Its name, for messages. */
  readonly file: string;
  /** What a task's `cwd` is relative to: an absolute path. */
  readonly folder: string;
  /** Where attempts spool, each session in a folder of its own: an absolute path. */
  readonly dataFolder: string;
}

/** What a session is started with by its plan. */
export function sessionConfigOf(plan: Plan): SessionConfig {
  const { limits, scout_room, plato_url, h1_router_url } = plan;
  return {
    sessionName: plan.name,
    agentId: plan.agent_id,
    tags: plan.tags,
    metadata: plan.metadata as JsonObject,
    maxTasks: limits.max_tasks,
    taskTimeoutSeconds: limits.task_timeout_seconds,
    sessionTimeoutSeconds: limits.session_timeout_seconds,
    emitTiles: plan.emit_tiles,
    ...(scout_room !== undefined && { scoutRoom: scout_room }),
    ...(plato_url !== undefined && { platoUrl: plato_url }),
    h1RouterEnabled: plan.routing === "h1",
    ...(h1_router_url !== undefined && { h1RouterUrl: h1_router_url }),
  };
}

/** Keeps the plan beside the session's events. Throws `invalid_plan` when it holds a secret's value. */
export async function keepPlan(
  store: Store,
  plan: Plan,
  { text, file, folder, dataFolder }: PlanSourceFile,
  environment: Environment,
): Promise<JsonObject> {
  if (holdsSecret(plan, text, environment)) {
    throw new HolodeckError("invalid_plan", {
      what: `${file} holds the value of one of its secrets; it would be recorded.`,
      todo: 'Take it out of the plan and let the command read the variable, as in "$GITHUB_TOKEN".',
    });
  }
  const blob = await store.putBlob({ bytes: Buffer.from(text) });
  const { concurrency } = plan.limits;
  return { blob, file, folder, data_folder: dataFolder, concurrency };
}

/** Looks at the YAML, which is kept, and at what it says: an escape or a folded line hides a value in the text. */
function holdsSecret(plan: Plan, text: string, environment: Environment): boolean {
  const patterns = secretPatterns(secretValues(plan, environment));
  const json = JSON.stringify(plan);
  const isHidden = JSON.stringify(redactJson(patterns, JSON.parse(json) as Json)) !== json;
  return isHidden || redactText(patterns, text) !== text;
}

/** A plan with the folder its commands run in, and the one in which its session's attempts spool. */
export interface KeptPlan {
  readonly plan: Plan;
  readonly folder: string;
  readonly spool: string;
}

/**
 * The plan a session runs, and its folders: those it was started with, wherever this process stands. A data folder that
 * is not on this machine is replaced by `dataFolder`. Throws `unsupported` for a session that was not started by a plan,
 * and `not_found` when the folder its commands run in is not on this machine.
 */
export async function keptPlan(
  store: Store,
  session: Planned,
  environment: Environment,
  dataFolder?: string,
): Promise<KeptPlan> {
  const { kept, plan } = await planOf(store, session, environment);
  if (!existsSync(kept.folder)) {
    throw new HolodeckError("not_found", {
      what: `The folder ${kept.folder}, in which session ${session.sessionId} runs its commands, is not on this machine.`,
      todo: "Resume it where that folder is, or bring a copy of it to the same path here.",
    });
  }
  const data = existsSync(kept.data_folder) ? kept.data_folder : (dataFolder ?? kept.data_folder);
  return { plan, folder: kept.folder, spool: spoolOf(data, session.sessionId) };
}

/** The names of the secrets that a session's plan declares, whether or not they are set here; none without a plan. */
export async function keptSecrets(store: Store, { plan }: Planned): Promise<readonly string[]> {
  const kept = plan as WrittenDown | null;
  const bytes = kept === null ? null : await store.blob({ hash: kept.blob });
  if (bytes === null) return [];
  const { value } = readSource(Buffer.from(bytes).toString());
  const secrets = typeof value === "object" && value !== null && "secrets" in value ? value.secrets : [];
  return Array.isArray(secrets) ? secrets.filter((name) => typeof name === "string") : [];
}

type Planned = Pick<Session, "sessionId" | "plan">;

async function planOf(
  store: Store,
  { sessionId, plan }: Planned,
  environment: Environment,
): Promise<{ readonly kept: WrittenDown; readonly plan: Plan }> {
  const kept = plan as WrittenDown | null;
  if (kept === null) {
    throw new HolodeckError("unsupported", {
      what: `Session ${sessionId} was not started by a plan: its work lives in a program.`,
      todo: "Run that program again and let it call manager.resume, or end the session.",
    });
  }
  const bytes = await store.blob({ hash: kept.blob });
  if (bytes === null) {
    throw new HolodeckError("not_found", {
      what: `The plan of session ${sessionId} is not in the store.`,
      todo: "Run `holodeck verify`, and restore the store from a backup.",
    });
  }
  const text = Buffer.from(bytes).toString();
  const parsed = parsePlan({ text, file: kept.file, environment });
  // What the run was given counts, over the plan's own limit and over this machine's cores.
  return { kept, plan: { ...parsed, limits: { ...parsed.limits, concurrency: kept.concurrency } } };
}

/** Where a session's attempts spool. */
export function spoolOf(dataFolder: string, sessionId: string): string {
  return join(spoolsOf(dataFolder), sessionId);
}

/** The folder of all spools. */
export function spoolsOf(dataFolder: string): string {
  return join(dataFolder, "run");
}

/** The folder that holds the spool of a session that was started by a plan; null for any other. */
export function keptSpools(session: Session): string | null {
  const kept = session.plan as WrittenDown | null;
  return kept === null ? null : spoolsOf(kept.data_folder);
}

/** As it stands in the session's first event. */
interface WrittenDown {
  readonly blob: string;
  readonly file: string;
  readonly folder: string;
  readonly data_folder: string;
  readonly concurrency: number;
}
