// Runs sessions: puts the decider, a store and a clock together, and keeps the handles of this process.
import type { Moment, Refusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { Runtime, type News, type Untimed } from "../event/runtime.ts";
import { streamKind, type StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Clock } from "../event/clock.ts";
import type { Store } from "../store/port.ts";
import { sessionAggregate } from "./aggregate.ts";
import type { SessionCommand } from "./commands.ts";
import { DEFAULT_ROOM, resolveConfig, type ResolvedConfig, type SessionConfig } from "./config.ts";
import { Callbacks } from "./callbacks.ts";
import { Deadlines } from "./deadlines.ts";
import type { SessionEvent } from "./events.ts";
import type { Processes, Random, SessionHost } from "./host.ts";
import { checkText, checkTexts } from "./input.ts";
import { listSessions, type SessionFilter, type SessionPage } from "./list.ts";
import { FleetRouter } from "./fleet-router.ts";
import { checkRetain, type Retain } from "./retain.ts";
import { Retention } from "./retention.ts";
import type { H1Status, RoutingDecision, TaskRouter } from "./router.ts";
import { freeRoutes, routeTask } from "./routing.ts";
import { Session } from "./session.ts";
import { nextDueAt, type SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import type { Task } from "./task.ts";

/** What a manager needs of the machine. */
export interface ManagerPorts {
  /** Opened at first use. */
  readonly openStore: () => Promise<Store>;
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Default: a fleet kept as a stream of the same store. */
  readonly router?: TaskRouter;
  readonly metrics: ManagerMetrics;
  /** What ended sessions let go of, and when; default: nothing goes. */
  readonly retain?: Retain;
  /** Told of trouble that must not disturb anyone, such as a callback that throws. */
  readonly report: (problem: HolodeckError) => void;
}

/** Counts what this process does (telemetry/). */
export interface ManagerMetrics {
  observe(event: SessionEvent, state: SessionState): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

export interface StartOptions {
  /** Where the work is written down, for `resume`: plain JSON. */
  readonly plan?: JsonObject;
}

export interface ResumeOptions {
  /** What to do about each task whose attempt runs, or ran in a process that died; default: the latter's are lost. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
}

export class SessionManager implements AsyncDisposable {
  readonly config: ResolvedConfig;
  readonly #ports: ManagerPorts;
  readonly #sessions = new Map<StreamId, Session>();
  readonly #host: SessionHost;
  readonly #callbacks: Callbacks;
  #opening: Promise<Opened> | null = null;
  /** Set while the store is open, so that nobody waits for what is there. */
  #opened: Opened | null = null;
  #closed = false;
  #latest: Session | null = null;

  /** Throws `invalid_argument` for a configuration out of its limits; opens nothing. */
  constructor(config: SessionConfig, ports: ManagerPorts) {
    this.config = resolveConfig(config);
    this.#ports = ports;
    if (ports.retain !== undefined) checkRetain(ports.retain);
    const { clock, processes, report } = ports;
    this.#host = {
      clock,
      processes,
      report,
      store: async () => (this.#opened ?? (await this.#open())).store,
      execute: (stream, command, key) => this.#execute(stream, command, key ?? null),
      refresh: async (sessionId) => await (await this.#open()).runtime.refresh(streamOf(sessionId)),
    };
    this.#callbacks = new Callbacks(this.config, { clock, report });
  }

  /** Starts a session with this manager's configuration. It is durable when this answers. */
  async startSession({ plan }: StartOptions = {}): Promise<Session> {
    const { clock, random, processes } = this.#ports;
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
        plan: plan ?? null,
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
    const known = this.#sessions.get(stream);
    const { runtime } = await this.#open();
    const state = known === undefined ? await runtime.refresh(stream) : runtime.peek(stream);
    if (known !== undefined && state !== undefined) return known;
    if (state === undefined || state.status === "none") throw unknownSession(sessionId);
    const session = new Session(this.#host, state);
    this.#sessions.set(stream, session);
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
  async resume(sessionId?: string, { recover = loseIfDead }: ResumeOptions = {}): Promise<Session> {
    const { clock, processes } = this.#ports;
    const session = await this.get(sessionId ?? (await this.#newestOpen()));
    const { runtime } = await this.#open();
    const stream = streamOf(session.sessionId);
    const owner = (await runtime.refresh(stream)).process;
    const ownerAlive = owner !== null && processes.isAlive(owner);
    const process = processes.self();
    const boot = clock.boot();
    await this.#execute(stream, { type: "resume_session", process, boot, ownerAlive }, null);
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

  /** Waits for commands and callbacks under way, then lets go of the store. Open sessions stay open. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened = null;
    if (this.#opening === null) return;
    const { store, runtime, deadlines, retention, unwatch } = await this.#opening;
    unwatch();
    await deadlines.stop();
    await retention?.stop();
    await runtime.idle();
    await this.#callbacks.idle();
    for (const session of this.#sessions.values()) await session.idle();
    await store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The store this manager works on, for what reads beside it. */
  async store(): Promise<Store> {
    return (await this.#open()).store;
  }

  async #execute(
    stream: StreamId,
    command: Untimed<SessionCommand>,
    key: string | null,
  ): Promise<{ readonly state: SessionState; readonly repeated: boolean }> {
    const { runtime } = this.#opened ?? (await this.#open());
    const { refusal, repeated } = await runtime.execute(stream, command, key);
    if (refusal !== null) throw refused(refusal);
    const state = runtime.peek(stream) ?? (await runtime.refresh(stream));
    return { state, repeated: repeated !== null };
  }

  async #open(): Promise<Opened> {
    if (this.#closed) {
      const todo = "Make a new SessionManager.";
      throw new HolodeckError("store_closed", { what: "This manager has been closed.", todo });
    }
    this.#opening ??= this.#openStore();
    return await this.#opening;
  }

  async #openStore(): Promise<Opened> {
    const { openStore, clock } = this.#ports;
    const store = await openStore();
    const moment = (): Moment => {
      // Each look at the time is a look at the clock itself: two processes that see it set at different moments
      // would move a session's deadlines to and fro.
      clock.check();
      return { now: clock.now(), boot: clock.boot() };
    };
    const offset = this.config.emergenceThresholdOffset;
    const router = this.#ports.router ?? new FleetRouter({ log: store, moment, fleet: "default", offset });
    const runtime = new Runtime({
      aggregate: sessionAggregate,
      log: store,
      moment,
      onEvents: (news) => this.#onEvents(news),
    });
    const settle = async (stream: StreamId): Promise<void> => {
      if (streamKind(stream) === "session") await runtime.refresh(stream);
    };
    const deadlines = new Deadlines({ store, clock, settle, onError: this.#onError });
    const unwatch = store.watch(({ own }) => {
      if (!own) void this.#followOthers().catch(this.#onError);
    });
    deadlines.start();
    const retention = this.#retention(store);
    retention?.start();
    const opened = { store, runtime, router, deadlines, retention, unwatch };
    if (!this.#closed) this.#opened = opened;
    return opened;
  }

  #retention(store: Store): Retention | null {
    const { clock, random, retain } = this.#ports;
    if (retain === undefined) return null;
    return new Retention({ store, clock, retain, owner: random.id(clock.now()), onError: this.#onError });
  }

  /** What another process appended to a session that is open here is read on. */
  async #followOthers(): Promise<void> {
    const { store, runtime } = await this.#open();
    for (const [stream, session] of this.#sessions) {
      if (session.status === "ended") continue;
      const head = await store.head({ stream });
      if (head !== null && head.seq > runtime.seq(stream)) await runtime.refresh(stream);
    }
  }

  /** Trouble in the background: it is tried again, and told. */
  readonly #onError = (cause: unknown): void => {
    if (this.#closed) return;
    const what = `Work in the background failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    const todo = "It is tried again; run `holodeck doctor` when this goes on.";
    this.#ports.report(new HolodeckError("internal", { what, todo, cause }));
  };

  #onEvents({ stream, events, state, own }: News<SessionState, SessionEvent>): void {
    const session = this.#sessions.get(stream);
    session?.take(events, state);
    for (const event of events) {
      if (own) this.#ports.metrics.observe(event, state);
      if (session !== undefined) this.#callbacks.notify(session, event);
    }
    if (this.#opened === null) return;
    const { router, deadlines } = this.#opened;
    if (own) void freeRoutes(router, events, state).catch(this.#onError);
    const dueAt = nextDueAt(state);
    if (dueAt !== null) deadlines.expect(dueAt);
  }

  async #newestOpen(): Promise<string> {
    const { sessions } = await this.list({ status: "open", limit: 1 });
    const newest = sessions[0];
    if (newest !== undefined) return newest.sessionId;
    const todo = "`holodeck session ls` lists the sessions there are.";
    throw new HolodeckError("not_found", { what: "There is no open session.", todo });
  }
}

interface Opened {
  readonly store: Store;
  readonly runtime: Runtime<SessionState, SessionCommand, SessionEvent>;
  readonly router: TaskRouter;
  readonly deadlines: Deadlines;
  readonly retention: Retention | null;
  readonly unwatch: () => void;
}

async function loseIfDead(session: Session, task: Task): Promise<void> {
  await session.loseAttempt(task.taskId, "The process that did the work died.");
}

function refused({ code, what, todo }: Refusal): HolodeckError {
  return new HolodeckError(code, { what, todo });
}

function unknownSession(sessionId: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no session ${JSON.stringify(sessionId.slice(0, 100))}.`,
    todo: "Check the id; `manager.list()` or `holodeck session ls` shows the sessions there are.",
  });
}
