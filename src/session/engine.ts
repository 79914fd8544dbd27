// What a manager's sessions run on once its store is open: the runtime that decides, the deadlines, the follower of
// what other processes do, and the router.
import type { Moment, Refusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { streamKind, type Event, type StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Executed, News, Runtime, Untimed } from "../event/runtime.ts";
import type { Store, StoredHead } from "../store/port.ts";
import { sessionAggregate } from "./aggregate.ts";
import type { SessionCommand } from "./commands.ts";
import { Deadlines } from "./deadlines.ts";
import type { SessionEvent } from "./events.ts";
import { Eviction, IDLE_MS } from "./eviction.ts";
import { Follower } from "./follower.ts";
import type { Done } from "./host.ts";
import type { ManagerPorts } from "./ports.ts";
import { Recovery } from "./recovery.ts";
import { Routers } from "./routers.ts";
import { nextDueAt, type SessionState } from "./state.ts";
import { TracedRuntime } from "./traced-runtime.ts";
import { TrustStreams } from "./trust-streams.ts";

export interface EngineOptions extends Pick<
  ManagerPorts,
  "clock" | "router" | "routerFor" | "idleMs" | "report"
> {
  readonly store: Store;
  /** Offset of the emergence threshold from V. */
  readonly offset: number;
  /** Told of each event of a session, once, after commit, in order. */
  readonly onEvents: (news: News<SessionState, SessionEvent>) => void;
  /** Whether anyone here is told of what happens in a session. */
  readonly isAttended: (stream: StreamId) => boolean;
  /** Told of trouble in the background. */
  readonly onError: (error: unknown) => void;
}

/** How long `stop` goes on telling routers what has ended: enough for one that is there. */
const CLOSE_TELL_MS_MAX = 2_000;

export class Engine {
  readonly store: Store;
  readonly routers: Routers;
  /** Now, by a clock that has just been looked at. */
  readonly moment: () => Moment;
  readonly trust: TrustStreams;
  readonly #options: EngineOptions;
  readonly #runtime: Runtime<SessionState, SessionCommand, SessionEvent>;
  readonly #deadlines: Deadlines;
  readonly #recovery: Recovery;
  readonly #eviction: Eviction;
  #follower: Follower | null = null;

  constructor(options: EngineOptions) {
    const { store, clock, idleMs, isAttended, onError, report } = options;
    this.#options = options;
    this.store = store;
    this.moment = (): Moment => {
      // Each look at the time is a look at the clock itself: two processes that see it set at different moments
      // would move a session's deadlines to and fro.
      clock.check();
      return { now: clock.now(), boot: clock.boot() };
    };
    const { moment } = this;
    this.trust = new TrustStreams({ store, clock, moment, touch: (stream) => this.#eviction.touch(stream) });
    this.routers = new Routers({ ...options, log: store, moment });
    this.#runtime = new TracedRuntime({
      aggregate: sessionAggregate,
      log: store,
      moment,
      onEvents: (news) => this.#onEvents(news),
      onAppended: (span) => this.#follower?.pass(span),
    });
    this.#recovery = new Recovery({ store, clock, moment, report });
    this.#deadlines = new Deadlines({
      store,
      clock,
      settle: async (head) => await this.#settle(head),
      mayTry: (stream) => this.#recovery.mayTry(stream),
      onError,
    });
    this.#eviction = new Eviction({
      clock,
      idleMs: idleMs ?? IDLE_MS,
      // Where someone is told of what happens, the place up to which it was told must be kept.
      evict: (stream) =>
        this.trust.forget(stream) ??
        (isAttended(stream) ? this.#runtime.evict(stream) : this.#runtime.forget(stream)),
    });
  }

  /** Begins to follow other processes and to let happen what is due. */
  async start(): Promise<void> {
    const { store, onError } = this.#options;
    const onEvent = async ({ event }: StoredEvent): Promise<void> => await this.#follow(event);
    this.#follower = new Follower(await store.end(), { log: store, onEvent, onError });
    await this.#recovery.load();
    this.#follower.start();
    this.#deadlines.start();
    this.#eviction.start();
  }

  /**
   * Decides a command and makes it durable. A refusal is thrown. Not `async`: each such function on a command's way
   * costs it a frame.
   */
  execute(stream: StreamId, command: Untimed<SessionCommand>, key: string | null): Promise<Done> {
    this.#eviction.touch(stream);
    if (command.type === "start_session") this.#runtime.expectNew(stream);
    return this.#runtime.execute(stream, command, key).then(
      (executed) => this.#done(stream, executed),
      async (error: unknown) => await this.#takeBack(stream, error),
    );
  }

  #done(stream: StreamId, { refusal, repeated }: Executed<SessionEvent>): Done | Promise<Done> {
    if (refusal !== null) throw refused(refusal);
    const known = this.#runtime.peek(stream);
    if (known !== undefined) return { state: known, repeated: repeated !== null };
    return this.refresh(stream).then((state) => ({ state, repeated: repeated !== null }));
  }

  /** What could not be stored has not happened: handles show again what the log says, as far as it can be read. */
  async #takeBack(stream: StreamId, error: unknown): Promise<never> {
    const isKnown = this.#runtime.peek(stream) !== undefined;
    const state = isKnown ? null : await this.#runtime.refresh(stream).catch(() => null);
    if (state !== null) this.#options.onEvents({ stream, events: [], state, own: false });
    throw error;
  }

  /** Reads what others have appended, lets what is due happen, and answers the state. */
  async refresh(stream: StreamId): Promise<SessionState> {
    this.#eviction.touch(stream);
    const state = await this.#runtime.refresh(stream);
    await this.#recovery.succeeded(stream).catch(this.#options.onError);
    return state;
  }

  /** The state as last known here; read when it is not. */
  async state(stream: StreamId): Promise<SessionState> {
    return this.#runtime.peek(stream) ?? (await this.refresh(stream));
  }

  /** What `look` makes of a session's state at `seq` of the log, or later, with nothing under way or due. */
  async look<Seen>(stream: StreamId, seq: number, look: (state: SessionState) => Seen): Promise<Seen> {
    this.#eviction.touch(stream);
    return await this.#runtime.look(stream, seq, look);
  }

  /** Stops what runs in the background, and waits for the commands under way. */
  async stop(): Promise<void> {
    await this.#follower?.stop();
    await this.#deadlines.stop();
    await this.#eviction.stop();
    await this.#runtime.idle();
    await this.trust.idle();
    await this.#recovery.idle();
    await this.routers.stop(CLOSE_TELL_MS_MAX);
  }

  /** One session that cannot be read must not hold up the others. */
  async #settle({ stream, seq }: StoredHead): Promise<void> {
    if (streamKind(stream) !== "session") return;
    const { onError } = this.#options;
    try {
      await this.refresh(stream);
    } catch (error) {
      onError(error);
      await this.#recovery.failed(stream, seq, error).catch(onError);
    }
  }

  async #follow(event: Event): Promise<void> {
    const { stream, seq } = event;
    if (streamKind(stream) === "recovery") this.#recovery.take(event);
    else if (this.#options.isAttended(stream) && seq > this.#runtime.seq(stream)) await this.refresh(stream);
  }

  #onEvents(news: News<SessionState, SessionEvent>): void {
    this.#options.onEvents(news);
    const dueAt = nextDueAt(news.state);
    if (dueAt !== null) this.#deadlines.expect(dueAt);
  }
}

function refused({ code, what, todo }: Refusal): HolodeckError {
  return new HolodeckError(code, { what, todo });
}
