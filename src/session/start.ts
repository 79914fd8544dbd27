// What a session starts with: the manager's configuration or one of its own, and whose trust it has.
import type { JsonObject } from "../event/json.ts";
import type { StartSession } from "./commands.ts";
import { DEFAULT_ROOM, resolveConfig, type ResolvedConfig, type SessionConfig } from "./config.ts";
import { checkJsonObject, checkKeys, checkText, invalid } from "./input.ts";
import type { ManagerPorts } from "./ports.ts";
import { resolveTrust, type TrustOptions } from "./start-trust.ts";
import type { TrustStreams } from "./trust-streams.ts";

/** What `manager.startSession` takes. */
export interface StartOptions extends TrustOptions {
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

const START_OPTIONS = [
  "plan",
  "config",
  "sessionId",
  "idempotencyKey",
  "policy",
  "identity",
  "roles",
  "recordAllows",
] as const satisfies readonly (keyof StartOptions)[];

const SESSION_ID = /^sess_[0-9a-z]{1,64}$/;

/** What the manager brings to each of its sessions. */
interface StartDefaults {
  readonly config: ResolvedConfig;
  readonly ports: Pick<ManagerPorts, "clock" | "random" | "processes" | "tiles">;
  readonly isPlatoGiven: boolean;
  /** Null when it is not given: then the fleet in the store routes. */
  readonly routerUrl: string | null;
}

/** The command that starts it, for which stream, and by which key. Throws `invalid_argument`, and `not_found`. */
export async function startCommand(
  options: StartOptions,
  own: StartDefaults,
  trust: () => Promise<TrustStreams>,
): Promise<{
  readonly sessionId: string;
  readonly key: string | null;
  readonly command: Omit<StartSession, "now">;
}> {
  const { plan, config, sessionId, key } = checkStart(options, own);
  const { sessionName, agentId, tags, metadata, maxTasks, taskTimeoutSeconds } = config;
  const { sessionTimeoutSeconds, h1RouterEnabled, emergenceThresholdOffset, emitTiles, platoUrl } = config;
  const command = {
    type: "start_session",
    sessionId,
    sessionName,
    agentId,
    tags,
    metadata,
    maxTasks,
    taskTimeoutSeconds,
    sessionTimeoutSeconds,
    h1RouterEnabled,
    emergenceThresholdOffset,
    scoutRoom: config.scoutRoom === "" ? DEFAULT_ROOM : config.scoutRoom,
    emitTiles,
    platoUrl,
    deliverTiles: delivers(options, own),
    h1RouterUrl: options.config === undefined ? own.routerUrl : (options.config.h1RouterUrl ?? null),
    plan,
    ...(await resolveTrust(await trust(), options, agentId)),
    process: own.ports.processes.self(),
    boot: own.ports.clock.boot(),
  } as const;
  return { sessionId, key, command };
}

function checkStart(options: StartOptions, own: StartDefaults) {
  const { plan, config, sessionId, idempotencyKey } = checkKeys(options, "options", START_OPTIONS);
  if (sessionId !== undefined && !SESSION_ID.test(checkText(sessionId, "sessionId"))) {
    throw invalid("sessionId", sessionId, "Pass sess_ and 1 to 64 lower-case letters and digits.");
  }
  if (idempotencyKey !== undefined && sessionId === undefined) {
    throw invalid("idempotencyKey", idempotencyKey, "Pass the sessionId with it.");
  }
  const { clock, random } = own.ports;
  return {
    plan: plan === undefined ? null : checkJsonObject(plan, "plan"),
    config: config === undefined ? own.config : resolveConfig(config),
    sessionId: sessionId ?? `sess_${random.id(clock.now())}`,
    key: idempotencyKey === undefined ? null : checkText(idempotencyKey, "idempotencyKey"),
  };
}

function delivers({ config }: StartOptions, { isPlatoGiven, ports }: StartDefaults): boolean {
  if (config !== undefined) return config.platoUrl !== undefined;
  return isPlatoGiven || ports.tiles?.deliver === true;
}
