// What the commands waiting for one stream come to: events decided in order, each on the state the ones before it
// left, encoded as one chain and ready for one append.
import {
  isRefusal,
  type Aggregate,
  type Happened,
  type Moment,
  type Refusal,
  type Timed,
} from "./decider.ts";
import { encodeEvent, type EncodedEvent, type Fact, type Hash, type StreamId } from "./event.ts";
import type { AppendItem, AppendKey } from "./log.ts";

/** A state and its place in its stream. */
export interface Position<State> {
  state: State;
  seq: number;
  hash: Hash | null;
  at: number;
}

/** What one command came to. */
export interface Decided<F extends Fact> {
  readonly events: readonly Happened<F>[];
  readonly refusal: Refusal | null;
}

/** Decides commands on a position and moves it along; `item()` is what must be appended for it to be true. */
export class Batch<State, Command extends Timed, F extends Fact> {
  readonly happened: Happened<F>[] = [];
  readonly #aggregate: Aggregate<State, Command, F>;
  readonly #stream: StreamId;
  readonly #position: Position<State>;
  readonly #before: Position<State>;
  /** What takes back each event; null when one of them cannot be taken back. */
  #undos: (() => void)[] | null;
  readonly #encoded: EncodedEvent[] = [];
  readonly #keys: AppendKey[] = [];

  constructor(aggregate: Aggregate<State, Command, F>, stream: StreamId, position: Position<State>) {
    this.#aggregate = aggregate;
    this.#undos = aggregate.undo === undefined ? null : [];
    this.#stream = stream;
    this.#position = position;
    const { state, seq, hash, at } = position;
    this.#before = { state, seq, hash, at };
  }

  /** Lets happen what the moment makes happen: deadlines first, then whoever asks (law 3). */
  settle(moment: Moment): void {
    for (;;) {
      const command = this.#aggregate.settle(this.#position.state, moment);
      if (command === null || this.decide(command, []).events.length === 0) return;
    }
  }

  /** Decides one command. Throws when an event is not plain JSON or too large; then the command changed nothing. */
  decide(command: Command, keys: readonly string[]): Decided<F> {
    const decision = this.#aggregate.decide(this.#position.state, command);
    if (isRefusal(decision)) return { events: [], refusal: decision };
    const encoded = this.#encode(decision, command.now);
    if (encoded.length > 0) for (const key of keys) this.#keys.push({ key, seq: this.#position.seq + 1 });
    const events: Happened<F>[] = [];
    for (const one of encoded) events.push(this.#take(one));
    return { events, refusal: null };
  }

  /** Null when nothing is to be appended. */
  item(): AppendItem | null {
    if (this.#encoded.length === 0) return null;
    return {
      stream: this.#stream,
      expectedSeq: this.#before.seq,
      events: this.#encoded,
      head: this.#aggregate.head(this.#position.state),
      keys: this.#keys,
    };
  }

  /** Brings the position back to where it was before the first command; false when its aggregate cannot. */
  takeBack(): boolean {
    if (this.#undos === null) return false;
    for (const undo of this.#undos.toReversed()) undo();
    Object.assign(this.#position, this.#before);
    return true;
  }

  #encode(facts: readonly F[], now: number): readonly EncodedEvent[] {
    const at = Math.max(this.#position.at, now);
    let { seq, hash } = this.#position;
    const all: EncodedEvent[] = [];
    for (const { type, room, data } of facts) {
      seq += 1;
      const encoded = encodeEvent({ v: 1, stream: this.#stream, seq, prev: hash, at, type, room, data });
      hash = encoded.hash;
      all.push(encoded);
    }
    return all;
  }

  #take(encoded: EncodedEvent): Happened<F> {
    // The fact came from this aggregate's decide, so its event is one of this aggregate's.
    const event = encoded.event as unknown as Happened<F>;
    const position = this.#position;
    const undo = this.#undos === null ? null : this.#aggregate.undo?.(position.state, event);
    if (undo === null || undo === undefined) this.#undos = null;
    else this.#undos?.push(undo);
    position.state = this.#aggregate.evolve(position.state, event);
    position.seq = event.seq;
    position.at = event.at;
    position.hash = encoded.hash;
    this.#encoded.push(encoded);
    this.happened.push(event);
    return event;
  }
}
