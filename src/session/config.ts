// What a session is started with: every field of spec/holodeck-session-manager.txt, its default, its limits.
import type { JsonObject } from "../event/json.ts";
import { roomNameFault } from "../tile/room-name.ts";
import {
  checkBoolean,
  checkInteger,
  checkJsonObject,
  checkSeconds,
  checkText,
  checkTexts,
  checkUrl,
  invalid,
} from "./input.ts";
import type { RouterAlert } from "./router.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** β₁ of the fleet rose above its threshold: a signal, not a failure. */
export interface EmergenceAlert extends RouterAlert {
  readonly sessionId: string;
}

/** What a session is started with. Only the name and the agent have no default. */
export interface SessionConfig {
  /** Human-readable name, 1 to 256 characters. */
  readonly sessionName: string;
  /** Which agent, 1 to 256 characters. */
  readonly agentId: string;
  /** For discovery; at most 100. Default none. */
  readonly tags?: readonly string[];
  /** Kept with the session for whoever reads it: plain JSON. Default `{}`. */
  readonly metadata?: JsonObject;
  /** Hard limit on tasks, 1 to 1,000,000. Default 50. */
  readonly maxTasks?: number;
  /** Per attempt of a task, seconds. Default 300. */
  readonly taskTimeoutSeconds?: number;
  /** In all, seconds. Default 3,600. */
  readonly sessionTimeoutSeconds?: number;
  /**
   * The PLATO server tiles go to, an http or https URL. Default `http://localhost:8848`. Tiles are sent when it is
   * given here or in the plan, or with `deliverTiles: true`: a laptop without a server does not try for ever. They
   * arrive in order and once in effect, whenever the server is there; `holodeck tiles --pending` shows what waits.
   * Addresses of private networks are refused unless `allowPrivateTargets` is set.
   */
  readonly platoUrl?: string;
  /** The room tiles go to. Default `""`, which stands for `scout-reports/holodeck-session`. */
  readonly scoutRoom?: string;
  /** False sends no tiles; events are stored all the same. Default true. */
  readonly emitTiles?: boolean;
  /** Whether tasks are routed by H¹. Default false. */
  readonly h1RouterEnabled?: boolean;
  /**
   * The H1 router that routes tasks, an http or https URL (spec/wire.md §2). Tasks go there when it is given; without
   * it the fleet in the store routes. While it is away or slow, capability and load decide among the agents that are
   * known. Addresses of private networks are refused unless `allowPrivateTargets` is set. As configured, default
   * `http://localhost:8902`.
   */
  readonly h1RouterUrl?: string;
  /** Offset of the emergence threshold from V. Default −2. */
  readonly emergenceThresholdOffset?: number;
  /** Called once per task that ended. */
  readonly onTaskComplete?: ((task: Task) => unknown) | null;
  /** Called once when the session ended. */
  readonly onSessionEnd?: ((session: Session) => unknown) | null;
  /** Called once per upward crossing of the threshold. */
  readonly onEmergenceAlert?: ((alert: EmergenceAlert) => unknown) | null;
}

/** A configuration with its defaults filled in. */
export type ResolvedConfig = Required<SessionConfig>;

/** Where tiles go when `scoutRoom` is empty. */
export const DEFAULT_ROOM = "scout-reports/holodeck-session";

const KNOWN_FIELDS: ReadonlySet<string> = new Set<keyof SessionConfig>([
  "sessionName",
  "agentId",
  "tags",
  "metadata",
  "maxTasks",
  "taskTimeoutSeconds",
  "sessionTimeoutSeconds",
  "platoUrl",
  "scoutRoom",
  "emitTiles",
  "h1RouterEnabled",
  "h1RouterUrl",
  "emergenceThresholdOffset",
  "onTaskComplete",
  "onSessionEnd",
  "onEmergenceAlert",
]);

/** Fills in the defaults. Throws `invalid_argument` for the first field that is unknown or out of its limits. */
export function resolveConfig(config: SessionConfig): ResolvedConfig {
  const given: unknown = config;
  if (typeof given !== "object" || given === null) {
    throw invalid("config", given, "Pass an object with sessionName and agentId.");
  }
  const unknown = Object.keys(given).find((key) => !KNOWN_FIELDS.has(key));
  if (unknown !== undefined) {
    throw invalid(`config.${unknown}`, "not a setting", `Use one of ${[...KNOWN_FIELDS].join(", ")}.`);
  }
  return {
    sessionName: checkText(config.sessionName, "sessionName"),
    agentId: checkText(config.agentId, "agentId"),
    tags: checkTexts(config.tags ?? [], "tags"),
    metadata: checkJsonObject(config.metadata ?? {}, "metadata"),
    maxTasks: checkInteger(config.maxTasks ?? 50, "maxTasks", 1, 1_000_000),
    taskTimeoutSeconds: checkSeconds(config.taskTimeoutSeconds ?? 300, "taskTimeoutSeconds"),
    sessionTimeoutSeconds: checkSeconds(config.sessionTimeoutSeconds ?? 3_600, "sessionTimeoutSeconds"),
    platoUrl: checkUrl(config.platoUrl ?? "http://localhost:8848", "platoUrl"),
    scoutRoom: checkRoom(config.scoutRoom ?? ""),
    emitTiles: checkBoolean(config.emitTiles ?? true, "emitTiles"),
    h1RouterEnabled: checkBoolean(config.h1RouterEnabled ?? false, "h1RouterEnabled"),
    h1RouterUrl: checkUrl(config.h1RouterUrl ?? "http://localhost:8902", "h1RouterUrl"),
    emergenceThresholdOffset: checkInteger(
      config.emergenceThresholdOffset ?? -2,
      "emergenceThresholdOffset",
      -1_000_000,
      1_000_000,
    ),
    onTaskComplete: checkCallback(config.onTaskComplete, "onTaskComplete"),
    onSessionEnd: checkCallback(config.onSessionEnd, "onSessionEnd"),
    onEmergenceAlert: checkCallback(config.onEmergenceAlert, "onEmergenceAlert"),
  };
}

/** A room's name as spec/wire.md §1 allows it; empty stands for the default room. */
export function checkRoom(value: unknown): string {
  if (value === "") return "";
  const room = checkText(value, "scoutRoom");
  if (roomNameFault(room) !== null)
    throw invalid("scoutRoom", room, "Use names parted by single slashes, without . or .. among them.");
  return room;
}

function checkCallback<Callback>(value: Callback | null | undefined, name: string): Callback | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "function") throw invalid(name, value, "Pass a function, or leave it out.");
  return value;
}
