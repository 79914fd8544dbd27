// A session as it stood after one of its events: it can be read as the session itself can, and nothing can be done
// with it.
import { HolodeckError } from "../event/error.ts";
import type { SessionReading } from "./reading.ts";
import { SessionView } from "./session-view.ts";
import type { SessionState } from "./state.ts";

/** A state, and the event it was left by. */
export interface PastState {
  readonly state: SessionState;
  readonly seq: number;
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export class PastSession extends SessionView {
  /** Of the newest event it knows of. */
  readonly seq: number;
  /** When that happened, milliseconds since the epoch. */
  readonly at: number;
  protected override readonly state: SessionState;
  protected override readonly throughSeq: number;
  readonly #store: SessionReading;

  /** Made by `session.at`. */
  constructor({ state, seq, at }: PastState, store: SessionReading) {
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

  protected override async store(): Promise<SessionReading> {
    return this.#store;
  }

  #refusal(): HolodeckError {
    return new HolodeckError("read_only", {
      what: `This is session ${this.sessionId} as it was after its event ${this.seq}.`,
      todo: "Use the session itself, or go on from here with session.fork.",
    });
  }
}
