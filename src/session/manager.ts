// Runs sessions: puts the decider, a store and a clock together, and keeps the handles of this process.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { News, Untimed } from "../event/runtime.ts";
import type { Store } from "../store/port.ts";
import type { Outbox } from "../tile/outbox.ts";
import type { Webhooks } from "../webhook/webhooks.ts";
import { Callbacks } from "./callbacks.ts";
import type { SessionCommand } from "./commands.ts";
import { resolveConfig, type ResolvedConfig, type SessionConfig } from "./config.ts";
import { Engine } from "./engine.ts";
import type { SessionEvent } from "./events.ts";
import { Handles } from "./handles.ts";
import { forkSession } from "./fork.ts";
import { held } from "./held.ts";
import type { Done } from "./host.ts";
import { checkFunction, checkKeys, checkText, checkTexts } from "./input.ts";
import { Identities, Roles } from "./identities.ts";
import { listSessions, type SessionFilter, type SessionPage } from "./list.ts";
import { stateAt, unknownSession } from "./past-session.ts";
import { assertSame, checkPersisted, type PersistedSession } from "./persist.ts";
import { Policies } from "./policies.ts";
import type { ManagerPorts } from "./ports.ts";
import type { Presence } from "./presence.ts";
import { storeResult } from "./results.ts";
import { checkRetain } from "./retain.ts";
import { loseIfDead, type ResumeOptions } from "./resume.ts";
import { Retention } from "./retention.ts";
import type { H1Status, RouterAgent, RoutingDecision, TaskRouter } from "./router.ts";
import { routeTask } from "./routing.ts";
import { Session, type HandleHost } from "./session.ts";
import { CLOSE_SEND_MS_MAX, startOutbox, startWebhooks } from "./sending.ts";
import { startCommand, type StartOptions } from "./start.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import type { TrustStreams } from "./trust-streams.ts";

/** What `manager.routeTaskH1` takes. */
export interface RouteOptions {
  /** Chosen before others who are as capable, unless they alone would bring emergence. At most 64. */
  readonly preferAgents?: readonly string[];
}

const PREFERRED_MAX = 64;

/** Starts, finds, resumes and lists the sessions of one store. Opens it at first use, and closes it with itself. */
export class SessionManager implements AsyncDisposable {
  readonly config: ResolvedConfig;
  /** Who may do what, as versioned statements. */
  readonly policies: Policies;
  /** Who can be judged. */
  readonly identities: Identities;
  /** What statements grant to. */
  readonly roles: Roles;
  readonly #ports: ManagerPorts;
  readonly #host: HandleHost;
  readonly #handles: Handles<Session>;
  readonly #isPlatoGiven: boolean;
  /** Null when it is not given: then the fleet in the store routes. */
  readonly #routerUrl: string | null;
  #opening: Promise<Engine> | null = null;
  #outbox: Outbox | null = null;
  #webhooks: Webhooks | null = null;
  /** Set while the store is open, so that nobody waits for what is there. */
  #opened: Engine | null = null;
  #retention: Retention | null = null;
  #isClosing = false;
  #closed = false;
  #latest: Session | null = null;

  /** Throws `invalid_argument` for a configuration out of its limits; opens nothing. */
  constructor(config: SessionConfig, ports: ManagerPorts) {
    this.config = resolveConfig(config);
    this.#isPlatoGiven = config.platoUrl !== undefined;
    this.#routerUrl = config.h1RouterUrl === undefined ? null : this.config.h1RouterUrl;
    this.#ports = ports;
    if (ports.retain !== undefined) checkRetain(ports.retain);
    const { clock, processes, random, report } = ports;
    const trust = this.#trust;
    this.policies = new Policies(trust);
    this.identities = new Identities(trust);
    this.roles = new Roles(trust);
    this.#host = {
      clock,
      trust,
      session: async (stream) => await (this.#opened ?? (await this.#open())).state(stream),
      look: async (stream, seq, look) => await (this.#opened ?? (await this.#open())).look(stream, seq, look),
      processes,
      random,
      report,
      store: async () => (this.#opened ?? (await this.#open())).store,
      execute: (stream, command, key = null) => this.#execute(stream, command, key),
      handleOf: (state) => this.#handles.handleOf(state),
      refresh: async (sessionId) => await (await this.#open()).refresh(streamOf(sessionId)),
      reading: async () => await this.store(),
      keepResult: async (result) => await storeResult(await this.store(), result, clock.now()),
      stateAt: async (sessionId, seq) => await stateAt(await this.store(), sessionId, seq),
      fork: async (request) => await forkSession({ host: this.#host, ...request }),
    };
    const callbacks = new Callbacks<Session>(this.config, { clock, report });
    const make = (presence: Presence, state: SessionState) => new Session(this.#host, presence, state);
    this.#handles = new Handles({ make, callbacks });
  }

  /** Starts a session with this manager's configuration. It is durable when this answers. */
  async startSession(options: StartOptions = {}): Promise<Session> {
    const isPlatoGiven = this.#isPlatoGiven;
    const own = { config: this.config, ports: this.#ports, isPlatoGiven, routerUrl: this.#routerUrl };
    const { sessionId, key, command } = await startCommand(options, own, this.#trust);
    const { state } = await this.#execute(streamOf(sessionId), command, key);
    this.#latest = this.#handles.handleOf(state);
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
   * started again; agents that were attached by a process that died have left. Throws `not_found`, `session_ended`, and `conflict` while its process lives.
   */
  async resume(sessionId?: string, options: ResumeOptions = {}): Promise<Session> {
    const { recover = loseIfDead, claim } = checkKeys(options, "options", ["recover", "claim"]);
    checkFunction(recover, "recover");
    if (claim !== undefined) checkFunction(claim, "claim");
    const { clock, processes } = this.#ports;
    const session = await this.get(sessionId ?? (await this.#newestOpen()));
    const stream = streamOf(session.sessionId);
    const owner = (await (await this.#open()).refresh(stream)).process;
    const isAlive = owner !== null && processes.isAlive(owner);
    const ownerAlive = isAlive || (claim !== undefined && !(await claim(owner)));
    const process = processes.self();
    const boot = clock.boot();
    await this.#execute(stream, { type: "resume_session", process, boot, owner, ownerAlive }, null);
    await session.detachLost();
    for (const task of session.tasks) {
      if (task.status === "running") await recover(session, task);
    }
    this.#latest = session;
    return session;
  }

  /**
   * Routes a task by H¹ and registers it in a session, by default the one started or resumed last. The fleet in the
   * store decides, or the H1 router the session was started with (`h1RouterUrl`). One that is away or slow does not fail
   * it: capability and load decide among the agents that are known, and the decision says `fallback`. Throws
   * `fleet_full` when nobody who fits has room.
   */
  async routeTaskH1(
    taskId: string,
    requiredCapabilities: readonly string[] = [],
    session: Session | null = this.#latest,
    options: RouteOptions = {},
  ): Promise<RoutingDecision> {
    checkText(taskId, "taskId");
    const capabilities = checkTexts(requiredCapabilities, "requiredCapabilities");
    const { preferAgents = [] } = checkKeys(options, "options", ["preferAgents"]);
    checkTexts(preferAgents, "preferAgents", PREFERRED_MAX);
    if (session === null) {
      const todo = "Call startSession first, or pass the session.";
      throw new HolodeckError("not_found", { what: "There is no session to route for.", todo });
    }
    const engine = await this.#open();
    const state = await engine.state(streamOf(session.sessionId));
    const router = await engine.routers.of(state.h1RouterUrl);
    return await routeTask({ router, host: this.#host, state, taskId, capabilities, preferAgents });
  }

  /** Makes an agent known to the router of this manager's sessions, or tells its capabilities anew. */
  async registerAgent(agentId: string, capabilities: readonly string[] = []): Promise<void> {
    const agent: RouterAgent = {
      agentId: checkText(agentId, "agentId"),
      capabilities: checkTexts(capabilities, "capabilities"),
    };
    await (await this.#router()).register(agent);
  }

  /** The fleet's loops now. Throws `server_unreachable` when they are an H1 router's, and it is away. */
  async getH1Status(): Promise<H1Status> {
    return await (await this.#router()).status();
  }

  /** What this process counted, as Prometheus text. */
  async metrics(): Promise<string> {
    return await this.#ports.metrics.text();
  }

  /**
   * Lets the agents go that this process attached, waits for commands and callbacks under way, sends for at most two
   * seconds what tiles and posts wait, then lets go of the store. Open sessions stay open; what was not sent waits for
   * the next process.
   */
  async close(): Promise<void> {
    if (this.#closed || this.#isClosing) return;
    this.#isClosing = true;
    await held(this.#ports.clock, async () => await this.#closeAll());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The store this manager works on, for what reads beside it. */
  async store(): Promise<Store> {
    return (await this.#open()).store;
  }

  async #closeAll(): Promise<void> {
    // Their leaving is told while the store is still there.
    if (this.#opened !== null)
      await this.#handles.detachLocal(
        async (session) => await session.detachLocal("The process that attached it let go of the session."),
      );
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
    await this.#letGo(engine.store);
  }

  async #letGo(store: Store): Promise<void> {
    if (this.#ports.leavesStoreOpen !== true) await store.close();
  }

  #execute(stream: StreamId, command: Untimed<SessionCommand>, key: string | null): Promise<Done> {
    if (this.#opened !== null) return this.#opened.execute(stream, command, key);
    return this.#open().then((engine) => engine.execute(stream, command, key));
  }

  readonly #trust = async (): Promise<TrustStreams> => (this.#opened ?? (await this.#open())).trust;

  async #open(): Promise<Engine> {
    if (this.#closed) {
      const todo = "Make a new SessionManager.";
      throw new HolodeckError("store_closed", { what: "This manager has been closed.", todo });
    }
    this.#opening ??= this.#start();
    return await this.#opening;
  }

  async #start(): Promise<Engine> {
    const { openStore, clock, router, routerFor, idleMs, report } = this.#ports;
    const store = await openStore();
    const engine = new Engine({
      store,
      clock,
      report,
      ...(router !== undefined && { router }),
      ...(routerFor !== undefined && { routerFor }),
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
      await this.#letGo(store);
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
    for (const event of events) {
      const isOver = event.type === "task_ended" || event.type === "route_freed";
      if (isOver && event.data.router !== undefined) this.#opened?.routers.tell(event.data.router);
    }
  }

  /** That of the session used last, else of those this manager starts. */
  async #router(): Promise<TaskRouter> {
    const engine = await this.#open();
    const latest = this.#latest === null ? null : await engine.state(streamOf(this.#latest.sessionId));
    return await engine.routers.of(latest === null ? this.#routerUrl : latest.h1RouterUrl);
  }

  async #newestOpen(): Promise<string> {
    const { sessions } = await this.list({ status: "open", limit: 1 });
    const newest = sessions[0];
    if (newest !== undefined) return newest.sessionId;
    const todo = "`holodeck session ls` lists the sessions there are.";
    throw new HolodeckError("not_found", { what: "There is no open session.", todo });
  }
}
