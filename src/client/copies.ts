// What this process knows of a server's sessions: a state for each, folded from its events, and never behind what was
// awaited. News comes from answers and from the live stream; a seq says what is new, so nothing is taken twice.
import type { Happened } from "../event/decider.ts";
import type { News } from "../event/runtime.ts";
import { streamKey, type StreamId } from "../event/stream.ts";
import type { SessionEvent } from "../session/events.ts";
import { evolve } from "../session/evolve.ts";
import type { SessionReading } from "../session/reading.ts";
import { initialState, type SessionState } from "../session/state.ts";
import { streamOf } from "../session/stream.ts";

const PAGE = 1_000;

interface Copy {
  readonly stream: StreamId;
  state: SessionState;
  seq: number;
  /** Resolves when nothing is being read. */
  turn: Promise<void>;
  /** A reading that has not begun: whoever asks before it does shares it. */
  waiting: Promise<void> | null;
}

export interface CopiesOptions {
  readonly reading: SessionReading;
  readonly onNews: (news: News<SessionState, SessionEvent>) => void;
  /** Told when a session came to be known, or ended. */
  readonly onChange: () => void;
}

export class Copies {
  readonly #options: CopiesOptions;
  readonly #copies = new Map<StreamId, Copy>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** The streams of the open sessions that are known. */
  get open(): readonly StreamId[] {
    return [...this.#copies.values()].filter(({ seq }) => seq > 0).map(({ stream }) => stream);
  }

  /** The state with all that the server had when this was called. Throws `not_found`. */
  async refresh(sessionId: string): Promise<SessionState> {
    const copy = this.#copyOf(streamOf(sessionId));
    copy.waiting ??= this.#inTurn(copy);
    await copy.waiting;
    return copy.state;
  }

  /** An event as the live stream tells it. False when some are missing before it. */
  take(stream: StreamId, event: Happened<SessionEvent>): boolean {
    const copy = this.#copies.get(stream);
    if (copy === undefined || event.seq <= copy.seq) return true;
    if (event.seq !== copy.seq + 1) return false;
    this.#apply(copy, [event]);
    return true;
  }

  #copyOf(stream: StreamId): Copy {
    const there = this.#copies.get(stream);
    if (there !== undefined) return there;
    const copy: Copy = { stream, state: initialState(), seq: 0, turn: Promise.resolve(), waiting: null };
    this.#copies.set(stream, copy);
    return copy;
  }

  #inTurn(copy: Copy): Promise<void> {
    const read = async (): Promise<void> => {
      copy.waiting = null;
      await this.#readOn(copy);
    };
    const reading = copy.turn.then(read);
    copy.turn = reading.catch(() => undefined);
    return reading;
  }

  async #readOn(copy: Copy): Promise<void> {
    const wasKnown = copy.seq > 0;
    try {
      for (;;) {
        const { stream, seq: afterSeq } = copy;
        const page = await this.#options.reading.read({ stream, afterSeq, limit: PAGE });
        // A stream holds the events of its own kind of aggregate alone.
        this.#apply(
          copy,
          page.map(({ event }) => event as unknown as Happened<SessionEvent>),
        );
        if (page.length < PAGE) break;
      }
    } finally {
      if (copy.seq === 0) this.#forget(copy);
    }
    if (!wasKnown && copy.seq > 0) this.#options.onChange();
  }

  #apply(copy: Copy, events: readonly Happened<SessionEvent>[]): void {
    // The live stream may have told some of them meanwhile.
    const news = events.filter(({ seq }) => seq > copy.seq);
    if (news.length === 0) return;
    for (const event of news) {
      copy.state = evolve(copy.state, event);
      copy.seq = event.seq;
    }
    const { stream, state } = copy;
    this.#options.onNews({ stream, events: news, state, own: false });
    if (state.status !== "ended") return;
    // Whoever holds its handle has its state; nothing more happens in it.
    this.#forget(copy);
    this.#options.onChange();
  }

  #forget(copy: Copy): void {
    if (this.#copies.get(copy.stream) === copy) this.#copies.delete(copy.stream);
  }
}

/** The ids of sessions by their streams. */
export function idOf(stream: StreamId): string {
  return streamKey(stream);
}
