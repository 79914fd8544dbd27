// The shape of every aggregate: three pure functions, a projection, and what time alone makes happen.
// `decide` says what follows from a command, `evolve` what an event does to the state. Time, ids and facts
// from outside come in with the command, so the same commands give the same events on any machine.
import type { Boot } from "./clock.ts";
import type { ErrorCode } from "./error.ts";
import type { Fact } from "./event.ts";
import type { Json } from "./json.ts";
import type { Head } from "./log.ts";

/** Every command says when it was given: `now` in milliseconds since the epoch. */
export interface Timed {
  readonly now: number;
}

/** The moment of a decision, and by whose clock. */
export interface Moment extends Timed {
  readonly boot: Boot;
}

/** Why a command was not carried out: a value, not an exception. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

/** What follows from a command: events, or a refusal that changes nothing. */
export type Decision<F extends Fact> = readonly F[] | Refusal;

/** An event as it reaches `evolve`: the fact, and when and where in its stream it happened. */
export type Happened<F extends Fact> = F & { readonly at: number; readonly seq: number };

export interface Decider<State, Command extends Timed, F extends Fact> {
  initial(): State;
  /** Pure: leaves `state` as it is. */
  decide(state: State, command: Command): Decision<F>;
  /** Deterministic; may change `state` in place. The caller goes on with what it returns. */
  evolve(state: State, event: Happened<F>): State;
}

/** A decider with what its runtime needs: its projection, what time makes happen, its snapshots. */
export interface Aggregate<State, Command extends Timed, F extends Fact> extends Decider<State, Command, F> {
  head(state: State): Head;
  /**
   * The command that must be decided before any other at this moment, such as a timeout that has come due (law 3);
   * null when there is none. Asked again after each, until it answers null.
   */
  settle(state: State, moment: Moment): Command | null;
  readonly snapshot: SnapshotForm<State>;
  /**
   * For states too large to be read anew whenever another process was first: called before `evolve`, it answers what
   * takes the event back, once those after it have been taken back; null where that cannot be.
   */
  undo?(state: State, event: Happened<F>): (() => void) | null;
}

/** How a state is written beside its events. */
export interface SnapshotForm<State> {
  /** Raised when the state's shape changes; snapshots of another version are passed over. */
  readonly version: number;
  save(state: State): Json;
  load(json: Json): State;
  /** For states that grow too large to be written in one go: how they are written a few rows at a time instead. */
  readonly parts?: SnapshotParts<State>;
}

/** A state as rows. */
export interface SnapshotParts<State> {
  /** How many rows there are, about. */
  size(state: State): number;
  /** The rows of the state as it stands: they stay those of now, whatever happens to it while they are taken. */
  open(state: State): SnapshotImage;
  loader(): SnapshotLoader<State>;
}

export interface SnapshotImage {
  /** About `limit` rows more; none once all are out; null when what happened to the state has spoilt the image. */
  take(limit: number): readonly Json[] | null;
  /** Nobody will take more. */
  close(): void;
}

export interface SnapshotLoader<State> {
  add(rows: readonly Json[]): void;
  /** What is left to do once all rows are in, a bounded piece at each step. */
  pieces?(): Iterable<unknown>;
  /** The state, once all that is done. */
  done(): State;
}

/** Tells a refusal from events. */
export function isRefusal(decision: Decision<Fact>): decision is Refusal {
  return !Array.isArray(decision);
}
