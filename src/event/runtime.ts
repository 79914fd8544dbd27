// Runs the commands of one kind of aggregate: those waiting for one stream are decided in order and appended
// together at the expected seq. When someone else was first, it reads what is new, folds, and decides again. So any
// number of processes serve one stream, nothing is decided twice, and no lock is needed.
import { Batch } from "./batch.ts";
import type { Aggregate, Happened, Moment, Timed } from "./decider.ts";
import type { EncodedEvent, Fact, StreamId } from "./event.ts";
import { fold, nothing, type Folded } from "./fold.ts";
import type { AppendKey, AppendResult, EventLog } from "./log.ts";
import {
  answerCertain,
  answerRepeats,
  rejectAll,
  takeBatch,
  type Answer,
  type Executed,
  type Pending,
  type Untimed,
} from "./pending.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";

export type { Executed, Untimed };

export interface RuntimeOptions<State, Command extends Timed, F extends Fact> {
  readonly aggregate: Aggregate<State, Command, F>;
  readonly log: EventLog;
  readonly moment: () => Moment;
  /** Told of each event this runtime comes to know: once, after commit, in order. */
  readonly onEvents?: (news: News<State, F>) => void;
  /** Told what it appended and where in the log that came to lie, where the log tells. Before `onEvents`. */
  readonly onAppended?: (span: LogSpan) => void;
  /** A snapshot is saved each time this many events have come, less often where it is large. Default 1,000. */
  readonly snapshotEvery?: number;
}

/** Neighbours in a log of one partition: the last lies at `through`, those before it right before it. */
export interface LogSpan {
  readonly events: readonly EncodedEvent[];
  readonly through: number;
}

export interface News<State, F extends Fact> {
  readonly stream: StreamId;
  readonly events: readonly Happened<F>[];
  /** After these events, or further on. */
  readonly state: State;
  /** Whether this runtime appended them; false for those it read. */
  readonly own: boolean;
}

/** One stream as this process knows it. */
interface Entry<State, Command, F extends Fact> {
  readonly stream: StreamId;
  /** Null before the first read, and after an append failed whose events the state cannot let go of. */
  known: Folded<State> | null;
  /** Up to where `onEvents` has been told; -1 before the first read. */
  toldSeq: number;
  waiting: Pending<Command, F>[];
  draining: Promise<void> | null;
  readonly snapshots: SnapshotWriter<State>;
}

const NO_KEYS: readonly string[] = [];

/** What came of appending nothing. */
const NOTHING: AppendResult = { status: "appended" };

export class Runtime<State, Command extends Timed, F extends Fact> {
  readonly #options: Required<RuntimeOptions<State, Command, F>>;
  readonly #entries = new Map<StreamId, Entry<State, Command, F>>();

  constructor(options: RuntimeOptions<State, Command, F>) {
    this.#options = {
      onEvents: () => undefined,
      onAppended: () => undefined,
      snapshotEvery: 1_000,
      ...options,
    };
  }

  /**
   * Decides a command and makes what follows durable. A `key` makes it happen once: a repeat answers with the first
   * seq. Of several keys any that was used makes it a repeat. A refusal is a value; errors of the store, and events
   * over their limits, are thrown.
   */
  execute(
    stream: StreamId,
    command: Untimed<Command>,
    key: string | readonly string[] | null = null,
  ): Promise<Executed<F>> {
    return this.#enqueue(stream, command, key === null ? NO_KEYS : typeof key === "string" ? [key] : key);
  }

  /** Takes a stream nobody can know yet for empty: no read is spent on it, and an append finds out if it is not. */
  expectNew(stream: StreamId): void {
    const entry = this.#entry(stream);
    if (entry.known !== null || entry.toldSeq >= 0) return;
    entry.known = nothing(this.#options.aggregate);
    entry.toldSeq = 0;
  }

  /** Reads what others have appended, lets what is due happen, and answers the state. */
  async refresh(stream: StreamId): Promise<State> {
    await this.#enqueue(stream, null, NO_KEYS);
    return this.#entries.get(stream)?.known?.state ?? this.#options.aggregate.initial();
  }

  /** The state as last known here; undefined when the stream has not been read. */
  peek(stream: StreamId): State | undefined {
    return this.#entries.get(stream)?.known?.state;
  }

  /**
   * What `look` makes of the state as the log has it at `seq`, or later. A state in memory runs ahead of the log while
   * something is being appended: `look` is called when nothing is, and is done with the state when it returns.
   */
  async look<Seen>(stream: StreamId, seq: number, look: (state: State) => Seen): Promise<Seen> {
    const entry = this.#entry(stream);
    const { known } = entry;
    if (entry.draining === null && known?.seq === seq && this.#isSettled(known.state))
      return look(known.state);
    return await new Promise((resolve, reject) => {
      // Begun at once, while the state is what has just been decided and appended.
      const seen = (): void => resolve(this.#seen(entry, look));
      this.#wait(entry, { command: null, keys: NO_KEYS, resolve: seen, reject });
    });
  }

  /** How far the stream is known here, also when its state was evicted; 0 when it has not been read or is empty. */
  seq(stream: StreamId): number {
    const entry = this.#entries.get(stream);
    return entry?.known?.seq ?? Math.max(0, entry?.toldSeq ?? 0);
  }

  /**
   * Lets go of a stream's state. It is read again on demand, and what happened meanwhile is then told to `onEvents`.
   * False, and nothing done, while commands wait.
   */
  evict(stream: StreamId): boolean {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return true;
    if (entry.draining !== null) return false;
    entry.known = null;
    return true;
  }

  /** Forgets a stream whole: what happens until it is read again is not told. False while commands wait. */
  forget(stream: StreamId): boolean {
    if (!this.evict(stream)) return false;
    this.#entries.delete(stream);
    return true;
  }

  /** Resolves when no command waits. */
  async idle(): Promise<void> {
    for (const entry of this.#entries.values()) await entry.draining;
  }

  #enqueue(
    stream: StreamId,
    command: Untimed<Command> | null,
    keys: readonly string[],
  ): Promise<Executed<F>> {
    const entry = this.#entry(stream);
    return new Promise((resolve, reject) => this.#wait(entry, { command, keys, resolve, reject }));
  }

  async #seen<Seen>(entry: Entry<State, Command, F>, look: (state: State) => Seen): Promise<Seen> {
    return look(entry.known?.state ?? this.#options.aggregate.initial());
  }

  #wait(entry: Entry<State, Command, F>, pending: Pending<Command, F>): void {
    entry.waiting.push(pending);
    entry.draining ??= this.#drain(entry);
  }

  /** Whether nothing has come due. */
  #isSettled(state: State): boolean {
    const { aggregate, moment } = this.#options;
    return aggregate.settle(state, moment()) === null;
  }

  #entry(stream: StreamId): Entry<State, Command, F> {
    let entry = this.#entries.get(stream);
    if (entry === undefined) {
      const { log, aggregate, snapshotEvery } = this.#options;
      const snapshots = new SnapshotWriter(log, stream, aggregate.snapshot, snapshotEvery);
      entry = { stream, known: null, toldSeq: -1, waiting: [], draining: null, snapshots };
      this.#entries.set(stream, entry);
    }
    return entry;
  }

  async #drain(entry: Entry<State, Command, F>): Promise<void> {
    await Promise.resolve(); // Whoever asks in the same turn shares the append.
    while (entry.waiting.length > 0) {
      const pending = takeBatch(entry);
      try {
        await this.#run(entry, pending);
      } catch (error) {
        // The state may have run ahead of the log; the next command reads it anew.
        entry.known = null;
        rejectAll(pending, error);
      }
    }
    entry.draining = null;
  }

  /**
   * Decides and appends until the log agrees. Each command passes here, and an asynchronous function costs what memory
   * its variables take: what need not wait is done elsewhere.
   */
  async #run(entry: Entry<State, Command, F>, all: readonly Pending<Command, F>[]): Promise<void> {
    let pending = all;
    let stale = pending.some(({ command }) => command === null);
    while (pending.length > 0) {
      const isFresh = stale || entry.known === null;
      const known = (stale ? null : entry.known) ?? (await this.#read(entry));
      const batch = new Batch(this.#options.aggregate, entry.stream, known);
      const answers = this.#decide(batch, pending);
      const item = batch.item();
      if (item === null && !isFresh && answers.length > 0) {
        // The log confirms what is appended; who is refused, or told that there is nothing to do, must look for itself
        // what others have written.
        pending = answers.map(([one]) => one);
        stale = true;
        continue;
      }
      const result = item === null ? NOTHING : (await this.#options.log.append([item]))[0];
      if (result?.status === "appended") {
        this.#appended(item?.events, result.position);
        this.#tell(entry, batch.happened, true);
        const uncertain = answerCertain(answers);
        if (uncertain.length > 0) await this.#answerUncertain(entry.stream, uncertain);
        entry.snapshots.step(known, batch.happened.length);
        return;
      }
      // The state holds events the log refused.
      entry.known = batch.takeBack() ? known : null;
      stale = result?.status !== "repeated";
      if (result?.status !== "repeated") continue;
      await this.#read(entry);
      pending = answerRepeats(pending, result);
    }
  }

  #decide(
    batch: Batch<State, Command, F>,
    pending: readonly Pending<Command, F>[],
  ): readonly Answer<Command, F>[] {
    const answers: Answer<Command, F>[] = [];
    const moment = this.#options.moment();
    for (const one of pending) {
      try {
        batch.settle(moment);
        const decided =
          one.command === null
            ? { events: [], refusal: null }
            : batch.decide({ ...one.command, now: moment.now } as unknown as Command, one.keys);
        answers.push([one, decided]);
      } catch (error) {
        one.reject(error);
      }
    }
    // What the commands themselves made due stands in the same append.
    batch.settle(moment);
    return answers;
  }

  /** A refused or idle command may be the repeat of one that was carried out: then its key is known. */
  async #answerUncertain(stream: StreamId, answers: readonly Answer<Command, F>[]): Promise<void> {
    for (const [waiting, { events, refusal }] of answers) {
      const used = await this.#usedKey(stream, waiting.keys);
      if (used === null) waiting.resolve({ events, refusal, repeated: null, repeatedKey: null });
      else answerRepeats([waiting], used);
    }
  }

  async #usedKey(stream: StreamId, keys: readonly string[]): Promise<AppendKey | null> {
    for (const key of keys) {
      const seq = await this.#options.log.key({ stream, key });
      if (seq !== null) return { key, seq };
    }
    return null;
  }

  /** Reads on from what is known; what is new is told. */
  async #read(entry: Entry<State, Command, F>): Promise<Folded<State>> {
    const { aggregate, log } = this.#options;
    const news: Happened<F>[] = [];
    const after = entry.toldSeq < 0 ? Number.POSITIVE_INFINITY : entry.toldSeq;
    const onEvent = (event: Happened<F>): void => {
      if (event.seq > after) news.push(event);
    };
    // A snapshot past what has been told would hide the events between from `onEvents`.
    const snapshotThroughSeq = after;
    const { stream, known: from } = entry;
    entry.known = await fold({ aggregate, log, stream, from, snapshotThroughSeq, onEvent });
    entry.toldSeq = Math.max(entry.toldSeq, entry.known.seq - news.length);
    this.#tell(entry, news, false);
    return entry.known;
  }

  #appended(events: readonly EncodedEvent[] | undefined, through: number | undefined): void {
    if (events !== undefined && through !== undefined) this.#options.onAppended({ events, through });
  }

  #tell(entry: Entry<State, Command, F>, events: readonly Happened<F>[], own: boolean): void {
    const last = events.at(-1);
    if (last === undefined || entry.known === null) return;
    entry.toldSeq = last.seq;
    this.#options.onEvents({ stream: entry.stream, events, state: entry.known.state, own });
  }
}
