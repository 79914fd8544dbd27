// Posts a session's tiles when its caller says so (`PlatoTileEmitter` in spec/holodeck-session-manager.txt). The keys
// are made of session, kind and task, so that calling twice changes nothing.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId, type Event } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import { backoffMs } from "./backoff.ts";
import type { TileSink } from "./sink.ts";
import { tileOf } from "./tile.ts";

/** A session, as far as its tiles need it. */
export interface EmittedSession {
  readonly sessionId: string;
  readonly agentId: string;
  readonly sessionName: string;
  getTask(taskId: string): EmittedTask | undefined;
  /** Its events as they are stored. */
  events(): AsyncIterable<Event>;
}

export interface EmittedTask {
  readonly agentId: string;
  readonly attempts: number;
  readonly durationMs: number | null;
  readonly result: Json | undefined;
  readonly error: string | null;
}

/** How a task was routed, as `manager.routeTaskH1` answers it. */
export interface EmittedRouting {
  readonly agentId: string;
  readonly h1Before: number;
  readonly h1After: number;
  readonly emergenceRisk: number;
}

export interface TileEmitterOptions {
  readonly platoUrl: string;
  readonly scoutRoom: string;
  readonly sink: TileSink;
  readonly clock: Clock;
  /** From 0 to 1, for the jitter. */
  readonly random: () => number;
}

const TRIES_MAX = 4;

/** Each method resolves when the tile is there, and throws `server_unreachable` or `tile_refused` when it is not. */
export class TileEmitter {
  readonly #options: TileEmitterOptions;
  /** Sessions that were started here and have not ended: what else their tiles tell comes from them. */
  readonly #sessions = new Map<
    string,
    { readonly session: EmittedSession; readonly isSentAnyway: boolean }
  >();

  constructor(options: TileEmitterOptions) {
    this.#options = options;
  }

  async emitSessionStart(session: EmittedSession): Promise<void> {
    const { sessionId } = session;
    for await (const started of session.events()) {
      const isSentAnyway = this.#isDestination(started);
      this.#sessions.set(sessionId, { session, isSentAnyway });
      return await this.#post({ sessionId, type: "session_started", data: started.data, at: started.at });
    }
  }

  /** `decision` as `manager.routeTaskH1` answered it; null for a task that was not routed. */
  async emitTaskStart(
    sessionId: string,
    taskId: string,
    decision: EmittedRouting | null = null,
  ): Promise<void> {
    const session = this.#sessions.get(sessionId)?.session;
    const task = session?.getTask(taskId);
    const data = {
      ...idsOf(sessionId, taskId, decision?.agentId ?? task?.agentId ?? session?.agentId),
      attempt: Math.max(1, task?.attempts ?? 1),
      ...(decision !== null && { routing: routingOf(decision) }),
    };
    await this.#post({ sessionId, taskId, type: "task_started", data });
  }

  /** Duration, result and error are told when the session was started through this emitter. */
  async emitTaskEnd(sessionId: string, taskId: string, outcome: string): Promise<void> {
    const session = this.#sessions.get(sessionId)?.session;
    const task = session?.getTask(taskId);
    const data = {
      ...idsOf(sessionId, taskId, task?.agentId ?? session?.agentId),
      outcome,
      attempt: task?.attempts ?? 1,
      ...(typeof task?.durationMs === "number" && { duration_ms: task.durationMs }),
      ...(task?.result !== undefined && { result: task.result }),
      ...(typeof task?.error === "string" && { error: task.error }),
    };
    await this.#post({ sessionId, taskId, type: "task_ended", data });
  }

  /** After `session.endSession`: the tile tells the totals and patterns it ended with, and the outcome on record. */
  async emitSessionEnd(session: EmittedSession, outcome: string): Promise<void> {
    const { sessionId } = session;
    for await (const { type, data, at } of session.events()) {
      if (type !== "session_ended") continue;
      await this.#post({ sessionId, type, data, at });
      this.#sessions.delete(sessionId);
      return;
    }
    throw new HolodeckError("conflict", {
      what: `Session ${sessionId} has not ended${outcome === "" ? "" : ` as ${outcome}`}.`,
      todo: "Await session.endSession first, then emit its end.",
    });
  }

  async emitSessionError(sessionId: string, error: unknown): Promise<void> {
    const session = this.#sessions.get(sessionId)?.session;
    const data = {
      session_id: sessionId,
      ...(session !== undefined && { agent_id: session.agentId, session_name: session.sessionName }),
      error: error instanceof Error ? error.message : String(error),
    };
    await this.#post({ sessionId, type: "session_error", data });
  }

  /** Lets go of connections. */
  close(): void {
    this.#options.sink.close();
  }

  #isDestination({ room, data }: Event): boolean {
    const { platoUrl, scoutRoom } = this.#options;
    const url = data["plato_url"];
    const isThere =
      typeof url === "string" && URL.canParse(url) && new URL(url).href === new URL(platoUrl).href;
    return data["deliver_tiles"] === true && isThere && room === scoutRoom;
  }

  async #post({ sessionId, taskId = "", type, data, at }: Emitted): Promise<void> {
    if (this.#sessions.get(sessionId)?.isSentAnyway === true) return;
    const { scoutRoom: room, clock } = this.#options;
    const stream = streamId("session", sessionId);
    const tile = tileOf({ v: 1, stream, seq: 1, prev: null, at: at ?? clock.now(), type, room, data });
    if (tile === null) return;
    // A header takes ASCII alone.
    const attempt = typeof data["attempt"] === "number" ? [data["attempt"]] : [];
    const key = [sessionId, type, taskId, ...attempt].map((part) => encodeURIComponent(part)).join(":");
    await this.#send({ tile, key, signal: new AbortController().signal });
  }

  async #send(submission: Parameters<TileSink["submit"]>[0]): Promise<void> {
    const { sink, clock, random, platoUrl } = this.#options;
    for (let failures = 0; ; failures++) {
      const answer = await sink.submit(submission);
      if (answer.status === "delivered") return;
      const { reason } = answer;
      if (answer.status === "refused") throw refused(platoUrl, reason);
      if (failures + 1 >= TRIES_MAX) throw unreachable(platoUrl, reason);
      await clock.sleep(backoffMs(failures, random));
    }
  }
}

interface Emitted {
  readonly sessionId: string;
  readonly taskId?: string;
  readonly type: string;
  readonly data: JsonObject;
  /** Milliseconds since the epoch; default now. */
  readonly at?: number;
}

function idsOf(sessionId: string, taskId: string, agentId = ""): JsonObject {
  return { session_id: sessionId, task_id: taskId, agent_id: agentId };
}

function routingOf({ agentId, h1Before, h1After, emergenceRisk }: EmittedRouting): JsonObject {
  return { agent_id: agentId, h1_before: h1Before, h1_after: h1After, emergence_risk: emergenceRisk };
}

function refused(platoUrl: string, reason: string): HolodeckError {
  return new HolodeckError("tile_refused", {
    what: `The PLATO server at ${platoUrl} will not have the tile: ${reason}`,
    todo: "Change what its reason names; sending it again as it is changes nothing.",
  });
}

function unreachable(platoUrl: string, reason: string): HolodeckError {
  return new HolodeckError("server_unreachable", {
    what: `The PLATO server at ${platoUrl} could not be reached: ${reason}`,
    todo: "Start it or check the URL; give platoUrl to the SessionManager for tiles that wait until it is back.",
  });
}
