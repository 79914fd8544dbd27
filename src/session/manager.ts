// Runs sessions: puts the decider, a store and a clock together, and keeps the handles of this process.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { News, Untimed } from "../event/runtime.ts";
import type { Store } from "../store/port.ts";
import type { Outbox } from "../tile/outbox.ts";
import type { Webhooks } from "../webhook/webhooks.ts";
import { Callbacks } from "./callbacks.ts";
import type { SessionCommand } from "./commands.ts";
import { DEFAULT_ROOM, resolveConfig, type ResolvedConfig, type SessionConfig } from "./config.ts";
import { Engine } from "./engine.ts";
import type { SessionEvent } from "./events.ts";
import { Handles } from "./handles.ts";
import type { Done } from "./host.ts";
import { checkFunction, checkJsonObject, checkKeys, checkText, checkTexts } from "./input.ts";
import { listSessions, type SessionFilter, type SessionPage } from "./list.ts";
import { unknownSession } from "./past-session.ts";
import { assertSame, checkPersisted, type PersistedSession } from "./persist.ts";
import type { ManagerPorts } from "./ports.ts";
import { checkRetain } from "./retain.ts";
import { Retention } from "./retention.ts";
import type { H1Status, RoutingDecision } from "./router.ts";
import { freeRoutes, routeTask } from "./routing.ts";
import { CLOSE_SEND_MS_MAX, startOutbox, startWebhooks } from "./sending.ts";
import type { HandleHost, Session } from "./session.ts";
import type { SessionState } from "./state.ts";
import { identityKeyOf, OWNER_POLICY_KEY, streamOf } from "./stream.ts";
import type { Task } from "./task.ts";

/** What `manager.startSession` takes. */
export interface StartOptions {
  /** Where the work is written down, for `resume`: plain JSON. */
  readonly plan?: JsonObject;
}

/** What `manager.resume` takes. */
export interface ResumeOptions {
  /** What to do about each task whose attempt runs, or ran in a process that died; default: the latter's are lost. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
}

/** Starts, finds, resumes and lists the sessions of one store. Opens it at first use, and closes it with itself. */
export class SessionManager implements AsyncDisposable {
  readonly config: ResolvedConfig;
  readonly #ports: ManagerPorts;
  readonly #host: HandleHost;
  readonly #handles: Handles;
  readonly #isPlatoGiven: boolean;
  #opening: Promise<Engine> | null = null;
  #outbox: Outbox | null = null;
  #webhooks: Webhooks | null = null;
  /** Set while the store is open, so that nobody waits for what is there. */
  #opened: Engine | null = null;
  #retention: Retention | null = null;
  #closed = false;
  #latest: Session | null = null;

  /** Throws `invalid_argument` for a configuration out of its limits; opens nothing. */
  constructor(config: SessionConfig, ports: ManagerPorts) {
    this.config = resolveConfig(config);
    this.#isPlatoGiven = config.platoUrl !== undefined;
    this.#ports = ports;
    if (ports.retain !== undefined) checkRetain(ports.retain);
    const { clock, processes, random, report } = ports;
    this.#host = {
      clock,
      processes,
      random,
      report,
      store: async () => (this.#opened ?? (await this.#open())).store,
      execute: (stream, command, key = null) => this.#execute(stream, command, key),
      handleOf: (state) => this.#handles.handleOf(state),
      refresh: async (sessionId) => await (await this.#open()).refresh(streamOf(sessionId)),
    };
    const callbacks = new Callbacks(this.config, { clock, report });
    this.#handles = new Handles({ host: this.#host, callbacks });
  }

  /** Starts a session with this manager's configuration. It is durable when this answers. */
  async startSession(options: StartOptions = {}): Promise<Session> {
    const { plan } = checkKeys(options, "options", ["plan"]);
    const { clock, random, processes, tiles } = this.#ports;
    const { sessionName, agentId, tags, metadata, maxTasks, taskTimeoutSeconds } = this.config;
    const { sessionTimeoutSeconds, h1RouterEnabled, emergenceThresholdOffset, emitTiles } = this.config;
    const sessionId = `sess_${random.id(clock.now())}`;
    await this.#execute(
      streamOf(sessionId),
      {
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
        scoutRoom: this.config.scoutRoom === "" ? DEFAULT_ROOM : this.config.scoutRoom,
        emitTiles,
        platoUrl: this.config.platoUrl,
        deliverTiles: this.#isPlatoGiven || tiles?.deliver === true,
        plan: plan === undefined ? null : checkJsonObject(plan, "plan"),
        identityKey: identityKeyOf(agentId),
        policyKey: OWNER_POLICY_KEY,
        process: processes.self(),
        boot: clock.boot(),
      },
      null,
    );
    this.#latest = await this.get(sessionId);
    return this.#latest;
  }

  /** The handle of a session, ended or not. Throws `not_found`. */
  async get(sessionId: string): Promise<Session> {
    const stream = streamOf(checkText(sessionId, "sessionId"));
    const engine = await this.#open();
    // What is attended to is followed already; anything else may be behind.
    const state = await (this.#handles.has(stream) ? engine.state(stream) : engine.refresh(stream));
    if (state.status === "none") throw unknownSession(sessionId);
    return this.#handles.handleOf(state);
  }

  /**
   * The session that `session.persist()` described. What the store holds counts: throws `persist_mismatch`, naming the
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
    return await listSessions((await this.#open()).store, filter);
  }

  /**
   * Takes over a session whose process died; default the newest open one. Its running attempts are lost and may be
   * started again. Throws `not_found`, `session_ended`, and `conflict` while its process lives.
   */
  async resume(sessionId?: string, options: ResumeOptions = {}): Promise<Session> {
    const { recover = loseIfDead } = checkKeys(options, "options", ["recover"]);
    checkFunction(recover, "recover");
    const { clock, processes } = this.#ports;
    const session = await this.get(sessionId ?? (await this.#newestOpen()));
    const stream = streamOf(session.sessionId);
    const owner = (await (await this.#open()).refresh(stream)).process;
    const ownerAlive = owner !== null && processes.isAlive(owner);
    const process = processes.self();
    const boot = clock.boot();
    await this.#execute(stream, { type: "resume_session", process, boot, owner, ownerAlive }, null);
    for (const task of session.tasks) {
      if (task.status === "running") await recover(session, task);
    }
    this.#latest = session;
    return session;
  }

  /**
   * Routes a task by H¹ and registers it in a session, by default the one started or resumed last. A router that is
   * away or slow does not fail it: capability and load decide, and the decision says `fallback`.
   */
  async routeTaskH1(
    taskId: string,
    requiredCapabilities: readonly string[] = [],
    session: Session | null = this.#latest,
  ): Promise<RoutingDecision> {
    checkText(taskId, "taskId");
    const capabilities = checkTexts(requiredCapabilities, "requiredCapabilities");
    if (session === null) {
      const todo = "Call startSession first, or pass the session.";
      throw new HolodeckError("not_found", { what: "There is no session to route for.", todo });
    }
    const { router } = await this.#open();
    return await routeTask({ router, host: this.#host, session, taskId, capabilities });
  }

  /** The fleet's loops now. */
  async getH1Status(): Promise<H1Status> {
    return await (await this.#open()).router.status();
  }

  /** What this process counted, as Prometheus text. */
  async metrics(): Promise<string> {
    return await this.#ports.metrics.text();
  }

  /**
   * Waits for commands and callbacks under way, sends for at most two seconds what tiles and posts wait, then
   * lets go of the store. Open sessions stay open; what was not sent waits for the next process.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened = null;
    if (this.#opening === null) return;
    // Whoever asked for the store was told why it did not open: there is nothing to let go of.
    const engine = await this.#opening.catch(() => null);
    if (engine === null) return;
    await this.#retention?.stop();
    await engine.stop();
    await this.#handles.idle();
    const senders = [this.#outbox, this.#webhooks];
    await Promise.all(senders.map(async (sender) => await sender?.stop(CLOSE_SEND_MS_MAX)));
    await engine.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The store this manager works on, for what reads beside it. */
  async store(): Promise<Store> {
    return (await this.#open()).store;
  }

  #execute(stream: StreamId, command: Untimed<SessionCommand>, key: string | null): Promise<Done> {
    if (this.#opened !== null) return this.#opened.execute(stream, command, key);
    return this.#open().then((engine) => engine.execute(stream, command, key));
  }

  async #open(): Promise<Engine> {
    if (this.#closed) {
      const todo = "Make a new SessionManager.";
      throw new HolodeckError("store_closed", { what: "This manager has been closed.", todo });
    }
    this.#opening ??= this.#start();
    return await this.#opening;
  }

  async #start(): Promise<Engine> {
    const { openStore, clock, router, idleMs, report } = this.#ports;
    const store = await openStore();
    const engine = new Engine({
      store,
      clock,
      report,
      ...(router !== undefined && { router }),
      ...(idleMs !== undefined && { idleMs }),
      offset: this.config.emergenceThresholdOffset,
      onEvents: (news) => this.#onEvents(news),
      isAttended: (stream) => this.#handles.has(stream),
      onError: this.#onError,
    });
    const { moment } = engine;
    const onError = this.#onError;
    try {
      await engine.start();
      this.#webhooks = await startWebhooks({ ...this.#ports, store, moment, onError });
    } catch (error) {
      await engine.stop();
      await store.close();
      throw error;
    }
    this.#outbox = startOutbox({ ...this.#ports, store, moment, onError, isPlatoGiven: this.#isPlatoGiven });
    this.#retention = this.#retain(store);
    this.#retention?.start();
    if (!this.#closed) this.#opened = engine;
    return engine;
  }

  #retain(store: Store): Retention | null {
    const { clock, random, retain } = this.#ports;
    if (retain === undefined) return null;
    return new Retention({ store, clock, retain, owner: random.id(clock.now()), onError: this.#onError });
  }

  /** Trouble in the background: it is tried again, and told. */
  readonly #onError = (cause: unknown): void => {
    if (this.#closed) return;
    const what = `Work in the background failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    const todo = "It is tried again; run `holodeck doctor` when this goes on.";
    this.#ports.report(new HolodeckError("internal", { what, todo, cause }));
  };

  #onEvents(news: News<SessionState, SessionEvent>): void {
    this.#handles.take(news);
    const { own, events, state } = news;
    if (!own) return;
    for (const event of events) this.#ports.metrics.observe(event, state);
    if (this.#opened === null) return;
    void freeRoutes(this.#opened.router, events, state).catch(this.#onError);
  }

  async #newestOpen(): Promise<string> {
    const { sessions } = await this.list({ status: "open", limit: 1 });
    const newest = sessions[0];
    if (newest !== undefined) return newest.sessionId;
    const todo = "`holodeck session ls` lists the sessions there are.";
    throw new HolodeckError("not_found", { what: "There is no open session.", todo });
  }
}

async function loseIfDead(session: Session, task: Task): Promise<void> {
  await session.loseAttempt(task.taskId, "The process that did the work died.");
}
