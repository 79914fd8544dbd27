// Sessions of a server, behind the interface of those in this process: the same handles, over HTTP. What is decided is
// decided by the server; what is read is a copy, which each answer and the live stream bring up to date.
import type { Clock } from "../event/clock.ts";
import type { Happened } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import { Callbacks } from "../session/callbacks.ts";
import { resolveConfig, type ResolvedConfig, type SessionConfig } from "../session/config.ts";
import type { SessionEvent } from "../session/events.ts";
import { Handles } from "../session/handles.ts";
import { checkFunction, checkInteger, checkKeys, checkText, checkTexts } from "../session/input.ts";
import type { SessionFilter, SessionPage } from "../session/list.ts";
import { assertSame, checkPersisted, type PersistedSession } from "../session/persist.ts";
import type { H1Status, RoutingDecision } from "../session/router.ts";
import type { RouteOptions } from "../session/manager.ts";
import type { StartOptions as LocalStartOptions } from "../session/start.ts";
import type { Task } from "../session/task.ts";
import { decisionOf, routerStatusOf, sessionIn, settingsOf, trustOf } from "./answers.ts";
import { ELSEWHERE, requestOf } from "./commands.ts";
import { Connection, type ServerChoice } from "./connection.ts";
import { Copies, idOf } from "./copies.ts";
import { Identities, Policies, Roles } from "./trust.ts";
import { LiveFeed } from "./live-feed.ts";
import { readPast } from "./past.ts";
import { Session, type ServedHost } from "./session.ts";
import { ServedReading, sessionPath } from "./served-reading.ts";
import { WebClock } from "./web-clock.ts";

/** What a manager of a server's sessions is made with. */
export interface ClientConfig extends Omit<SessionConfig, "onSessionEnd">, ServerChoice {
  /** Called once when the session ended. `manager.config` does not show it. */
  readonly onSessionEnd?: ((session: Session) => unknown) | null;
  /** Told of trouble that must not disturb a caller, such as a callback that throws. Default: a warning. */
  readonly report?: (problem: HolodeckError) => void;
}

/** What `manager.startSession` takes. Plans are begun where the store is; a policy is named by its id. */
export interface StartOptions extends Omit<LocalStartOptions, "plan" | "policy"> {
  /** The id of a policy of `manager.policies`. Default the built-in one. */
  readonly policy?: string;
}

/** What `manager.resume` takes. */
export interface ResumeOptions {
  /** What to do about each task whose attempt runs; default: it is lost unless its process lives. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
}

/**
 * Runs sessions on a server (`holodeck up`), in Node and in browsers.
 *
 * ```ts
 * await using manager = new SessionManager({
 *   url: "http://localhost:8848",
 *   sessionName: "my-research",
 *   agentId: "oracle1",
 * });
 * const session = await manager.startSession();
 * await session.addTask("analyze", { query: "what is emergence?" });
 * await session.run("analyze", async ({ signal }) => ({ found: 5 }));
 * await session.endSession("success");
 * ```
 *
 * While a session is open here, a connection for its live events is open too; `close` ends it.
 */
export class SessionManager implements AsyncDisposable {
  readonly config: ResolvedConfig;
  /** Who may do what, as versioned statements. Like the two below for an operator's key. */
  readonly policies: Policies;
  /** Who can be judged. */
  readonly identities: Identities;
  /** What statements grant to. */
  readonly roles: Roles;
  readonly #given: SessionConfig;
  readonly #connection: Connection;
  readonly #reading: ServedReading;
  readonly #copies: Copies;
  readonly #handles: Handles<Session>;
  readonly #feed: LiveFeed;
  #closed = false;
  #latest: Session | null = null;

  /** Throws `invalid_argument` for a configuration out of its limits; asks nothing of the server. */
  constructor({ url, apiKey, retrySeconds, report = warn, onSessionEnd = null, ...config }: ClientConfig) {
    // It is given this manager's own handles, which are not those of a manager with a store.
    if (onSessionEnd !== null) checkFunction(onSessionEnd, "onSessionEnd");
    this.config = resolveConfig(config);
    this.#given = config;
    const clock: Clock = new WebClock();
    const choice = {
      ...(apiKey !== undefined && { apiKey }),
      ...(retrySeconds !== undefined && { retrySeconds }),
    };
    this.#connection = new Connection({ url, ...choice }, clock);
    this.#reading = new ServedReading(this.#connection);
    this.#copies = new Copies({
      reading: this.#reading,
      onNews: (news) => this.#handles.take(news),
      onChange: () => this.#feed.follow(this.#closed ? [] : this.#copies.open),
    });
    const ask = {
      get: async (path: string) => await this.#get(path),
      post: async (path: string, body: object, key?: string | null) => await this.#post(path, body, key),
    };
    this.policies = new Policies(ask);
    this.identities = new Identities(ask);
    this.roles = new Roles(ask);
    const host = { ...this.#host(clock, report), ask };
    this.#handles = new Handles({
      make: (presence, state) => new Session(host, presence, state),
      callbacks: new Callbacks<Session>({ ...this.config, onSessionEnd }, { clock, report }),
    });
    const lookAgain = (sessionId: string): void => {
      this.#copies.refresh(sessionId).catch((error: unknown) => this.#onTrouble(error, report));
    };
    this.#feed = new LiveFeed({
      connection: this.#connection,
      clock,
      report,
      onEvent: (event) => {
        const known = this.#copies.take(event.stream, event as unknown as Happened<SessionEvent>);
        if (!known) lookAgain(idOf(event.stream));
      },
      onGap: (stream) => {
        const open = this.#copies.open;
        for (const one of stream === null ? open : open.filter((other) => other === stream))
          lookAgain(idOf(one));
      },
    });
  }

  /** Starts a session with this manager's configuration. It is durable when this answers. */
  async startSession(options: StartOptions = {}): Promise<Session> {
    const {
      config = this.#given,
      sessionId,
      idempotencyKey,
      ...trust
    } = checkKeys(options, "options", START_OPTIONS);
    if (options.config !== undefined) resolveConfig(config);
    const id = sessionId === undefined ? {} : { session_id: sessionId };
    const body = { ...settingsOf(config), ...trustOf(trust), ...id };
    const started = await this.#post("/v1/sessions", body, keyOf(sessionId ?? "", idempotencyKey ?? null));
    this.#latest = await this.get(sessionIn(started));
    return this.#latest;
  }

  /** The handle of a session, ended or not. Throws `not_found`. */
  async get(sessionId: string): Promise<Session> {
    this.#assertOpen();
    return this.#handles.handleOf(await this.#copies.refresh(checkText(sessionId, "sessionId")));
  }

  /**
   * The session that `session.persist()` described. What the server holds counts: throws `persist_mismatch`, naming the
   * member, when `data` differs from it, `invalid_argument` for data that `persist` cannot have given, and `not_found`.
   */
  async rehydrate(data: PersistedSession): Promise<Session> {
    const persisted = checkPersisted(data);
    const session = await this.get(persisted.session_id);
    assertSame(persisted, await session.persist());
    return session;
  }

  /** Sessions by what is known without reading them, newest first. */
  async list(filter: SessionFilter = {}): Promise<SessionPage> {
    this.#assertOpen();
    return await this.#reading.list(filter);
  }

  /**
   * Lets the server take over a session whose process died; default the newest open one. Its running attempts are lost
   * and may be started again. Throws `not_found`, `session_ended`, and `conflict` while its process lives.
   */
  async resume(sessionId?: string, options: ResumeOptions = {}): Promise<Session> {
    const { recover } = checkKeys(options, "options", ["recover"]);
    if (recover !== undefined) checkFunction(recover, "recover");
    const id = sessionId ?? (await this.#newestOpen());
    await this.#post(`${sessionPath(id)}/resume`, recover === undefined ? {} : { keep_attempts: true });
    const session = await this.get(id);
    for (const task of session.tasks) if (task.status === "running") await recover?.(session, task);
    this.#latest = session;
    return session;
  }

  /**
   * Routes a task by H¹ and registers it in a session, by default the one started or resumed last. The server's fleet
   * decides, or the H1 router the session was started with. Throws `fleet_full` when nobody who fits
   * has room within `retrySeconds`.
   */
  async routeTaskH1(
    taskId: string,
    requiredCapabilities: readonly string[] = [],
    session: Session | null = this.#latest,
    options: RouteOptions = {},
  ): Promise<RoutingDecision> {
    const { preferAgents = [] } = checkKeys(options, "options", ["preferAgents"]);
    const body = {
      task_id: checkText(taskId, "taskId"),
      required_capabilities: checkTexts(requiredCapabilities, "requiredCapabilities"),
      prefer_agents: checkTexts(preferAgents, "preferAgents", PREFERRED_MAX),
    };
    if (session === null) {
      const todo = "Call startSession first, or pass the session.";
      throw new HolodeckError("not_found", { what: "There is no session to route for.", todo });
    }
    const told = await this.#post(`${sessionPath(session.sessionId)}/route`, body);
    await this.#copies.refresh(session.sessionId);
    return decisionOf(told);
  }

  /** Makes an agent known to the server's fleet, or tells its capabilities anew. */
  async registerAgent(agentId: string, capabilities: readonly string[] = []): Promise<void> {
    const agent_id = checkText(agentId, "agentId");
    await this.#post("/v1/fleet/agents", {
      agent_id,
      capabilities: checkTexts(capabilities, "capabilities"),
    });
  }

  /** The loops of the server's fleet now. */
  async getH1Status(): Promise<H1Status> {
    return routerStatusOf(await this.#get("/v1/fleet"));
  }

  /** What the server counted, as Prometheus text. */
  async metrics(): Promise<string> {
    this.#assertOpen();
    return new TextDecoder().decode(await this.#connection.bytes("/metrics"));
  }

  /** Waits for callbacks under way and ends the connection. Sessions stay as they are. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#feed.stop();
    await this.#handles.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #host(clock: Clock, report: (problem: HolodeckError) => void): Omit<ServedHost, "ask"> {
    return {
      clock,
      report,
      processes: { self: () => ELSEWHERE, isAlive: () => false },
      handleOf: (state) => this.#handles.handleOf(state),
      refresh: async (sessionId) => await this.#copies.refresh(sessionId),
      reading: (sessionId) => new ServedReading(this.#connection, sessionId),
      // Of any size: the server finds a place for it.
      keepResult: async (result) => await Promise.resolve({ result, record: {} }),
      stateAt: async (sessionId, seq) => {
        checkInteger(seq, "seq", 1, Number.MAX_SAFE_INTEGER);
        return await readPast(this.#reading, sessionId, seq);
      },
      execute: async (stream, command, key = null) => {
        const { path, body } = requestOf(command);
        const sessionId = idOf(stream);
        // Refused or not: time may have made something happen on the way.
        try {
          await this.#post(`${sessionPath(sessionId)}${path}`, body, keyOf(sessionId, key));
        } catch (error) {
          await this.#copies.refresh(sessionId).catch(() => undefined);
          throw error;
        }
        return { state: await this.#copies.refresh(sessionId), repeated: false };
      },
      fork: async ({ sessionId, seq, idempotencyKey }) => {
        const key = keyOf(sessionId, idempotencyKey ?? null);
        const forked = await this.#post(`${sessionPath(sessionId)}/fork`, { seq }, key);
        return await this.#copies.refresh(sessionIn(forked));
      },
    };
  }

  async #get(path: string): Promise<JsonObject> {
    this.#assertOpen();
    return await this.#connection.get(path);
  }

  async #post(path: string, body: object, key: string | null = null): Promise<JsonObject> {
    this.#assertOpen();
    return await this.#connection.post(path, body, key);
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    const todo = "Make a new SessionManager.";
    throw new HolodeckError("store_closed", { what: "This manager has been closed.", todo });
  }

  /** What the live stream could not be followed up with is found with the next answer. */
  #onTrouble(error: unknown, report: (problem: HolodeckError) => void): void {
    if (!this.#closed && error instanceof HolodeckError) report(error);
  }

  async #newestOpen(): Promise<string> {
    const { sessions } = await this.list({ status: "open", limit: 1 });
    const newest = sessions[0];
    if (newest !== undefined) return newest.sessionId;
    const todo = "Start one with startSession.";
    throw new HolodeckError("not_found", { what: "There is no open session.", todo });
  }
}

const PREFERRED_MAX = 64;

const START_OPTIONS = [
  "config",
  "sessionId",
  "idempotencyKey",
  "policy",
  "identity",
  "roles",
  "recordAllows",
] as const satisfies readonly (keyof StartOptions)[];

/** Keys are known per session here, and per whoever asks there. */
function keyOf(sessionId: string, key: string | null): string | null {
  return key === null ? null : `${sessionId}/${key}`;
}

function warn(problem: HolodeckError): void {
  const machine: Partial<NodeJS.Process> | undefined = globalThis.process;
  if (machine?.emitWarning !== undefined)
    machine.emitWarning(problem.message, { type: "HolodeckWarning", code: problem.code });
  // oxlint-disable-next-line no-console -- where a browser shows what nobody waits for
  else console.warn(problem.message);
}
