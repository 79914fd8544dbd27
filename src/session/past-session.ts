// A session as it stood after one of its events: it can be read as the session itself can, and nothing can be done
// with it.
import { HolodeckError } from "../event/error.ts";
import { fold } from "../event/fold.ts";
import type { Store } from "../store/port.ts";
import { sessionAggregate } from "./aggregate.ts";
import { checkInteger, checkText } from "./input.ts";
import { SessionView } from "./session-view.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";

/** A state, and the event it was left by. */
export interface PastState {
  readonly state: SessionState;
  readonly seq: number;
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Folds a session through event `seq`. Throws `not_found`, and `invalid_argument` for a seq it has no event of. */
export async function stateAt(store: Store, sessionId: string, seq: number): Promise<PastState> {
  const stream = streamOf(checkText(sessionId, "sessionId"));
  const head = await store.head({ stream });
  if (head === null) throw unknownSession(sessionId);
  checkInteger(seq, "seq", 1, head.seq);
  const { state, at, hash } = await fold({
    aggregate: sessionAggregate,
    log: store,
    stream,
    throughSeq: seq,
  });
  return { state, seq, at, hash: hash ?? head.hash };
}

export class PastSession extends SessionView {
  /** Of the newest event it knows of. */
  readonly seq: number;
  /** When that happened, milliseconds since the epoch. */
  readonly at: number;
  protected override readonly state: SessionState;
  protected override readonly throughSeq: number;
  readonly #store: Store;

  /** Made by `session.at`. */
  constructor({ state, seq, at }: PastState, store: Store) {
    super();
    this.seq = seq;
    this.at = at;
    this.state = state;
    this.throughSeq = seq;
    this.#store = store;
  }

  /** Refused with `read_only`, as is whatever else would change it. */
  async addTask(): Promise<never> {
    throw this.#refusal();
  }

  override async startTask(): Promise<never> {
    throw this.#refusal();
  }

  override async heartbeat(): Promise<never> {
    throw this.#refusal();
  }

  override async completeTask(): Promise<never> {
    throw this.#refusal();
  }

  async run(): Promise<never> {
    throw this.#refusal();
  }

  async endSession(): Promise<never> {
    throw this.#refusal();
  }

  protected override now(): number {
    return this.at;
  }

  protected override async store(): Promise<Store> {
    return this.#store;
  }

  #refusal(): HolodeckError {
    return new HolodeckError("read_only", {
      what: `This is session ${this.sessionId} as it was after its event ${this.seq}.`,
      todo: "Use the session itself, or go on from here with session.fork.",
    });
  }
}

export function unknownSession(sessionId: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no session ${JSON.stringify(sessionId.slice(0, 100))}.`,
    todo: "Check the id; `manager.list()` or `holodeck session ls` shows the sessions there are.",
  });
}
