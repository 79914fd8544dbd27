// Keeps one broken session from troubling the others: counts, for all processes together, the tries to let happen
// what is due in it, and after three leaves it alone until someone asks for it.
import type { Clock } from "../event/clock.ts";
import type { Moment } from "../event/decider.ts";
import { HolodeckError, type ErrorCode } from "../event/error.ts";
import { streamId, streamKey, type StreamId } from "../event/event.ts";
import { Runtime } from "../event/runtime.ts";
import type { Store, StoredHead } from "../store/port.ts";
import {
  recoveryAggregate,
  TRIES_MAX,
  TRY_AGAIN_MS,
  type RecoveryCommand,
  type RecoveryEvent,
  type RecoveryState,
} from "./recovery-aggregate.ts";
import { streamOf } from "./stream.ts";

export interface RecoveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** Told of each session that is given up. */
  readonly report: (problem: HolodeckError) => void;
}

/** Trouble of the whole store: it says nothing of the session that met it. */
const STORE_TROUBLE: ReadonlySet<ErrorCode> = new Set([
  "store_busy",
  "store_closed",
  "store_full",
  "store_io",
  "store_newer",
  "store_unreachable",
]);

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #runtime: Runtime<RecoveryState, RecoveryCommand, RecoveryEvent>;
  /** Sessions in trouble: when they may be tried again, on the monotonic clock; infinite for those given up. */
  readonly #tryAt = new Map<StreamId, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#runtime = new Runtime({ aggregate: recoveryAggregate, log: options.store, moment: options.moment });
  }

  /** Learns from heads which sessions have been given up. */
  async load(): Promise<void> {
    for await (const head of givenUp(this.#options.store)) this.#giveUp(streamOf(sessionIdOf(head)));
  }

  /** Whether the background may try a session now. */
  mayTry(stream: StreamId): boolean {
    const tryAt = this.#tryAt.get(stream);
    return tryAt === undefined || tryAt <= this.#options.clock.monotonic();
  }

  /** What was due in a session could not happen. `seq` is where its stream stands. */
  async failed(stream: StreamId, seq: number, cause: unknown): Promise<void> {
    if (cause instanceof HolodeckError && STORE_TROUBLE.has(cause.code)) return;
    const { clock, report } = this.#options;
    this.#tryAt.set(stream, clock.monotonic() + TRY_AGAIN_MS);
    const error = String(cause instanceof Error ? cause.message : cause)
      .toWellFormed()
      .slice(0, 1_000);
    const beside = besideOf(stream);
    const sessionId = streamKey(stream);
    const { events } = await this.#runtime.execute(beside, { type: "note_failure", sessionId, seq, error });
    const status = this.#runtime.peek(beside)?.status;
    await this.#forget(beside);
    if (status === "recovery_failed") this.#giveUp(stream);
    if (events.some(({ type }) => type === "recovery_failed")) report(leftAlone(sessionId, error, cause));
  }

  /** A session could be read and decided: trouble it was in is over. */
  async succeeded(stream: StreamId): Promise<void> {
    if (!this.#tryAt.has(stream)) return;
    const beside = besideOf(stream);
    await this.#runtime.execute(beside, { type: "note_recovery" });
    this.#tryAt.delete(stream);
    await this.#forget(beside);
  }

  /** What another process found out. */
  take({ stream, type }: { readonly stream: StreamId; readonly type: string }): void {
    const session = streamOf(streamKey(stream));
    if (type === "recovery_failed") this.#giveUp(session);
    if (type === "recovered") this.#tryAt.delete(session);
  }

  async idle(): Promise<void> {
    await this.#runtime.idle();
  }

  /** Trouble is rare: its streams are read when it comes, and not kept in memory. */
  async #forget(beside: StreamId): Promise<void> {
    await this.#runtime.idle();
    this.#runtime.forget(beside);
  }

  #giveUp(stream: StreamId): void {
    this.#tryAt.set(stream, Number.POSITIVE_INFINITY);
  }
}

/** The heads of the sessions that were given up, newest first. */
export async function* givenUp(store: Store): AsyncGenerator<StoredHead> {
  for (let after: string | undefined; ;) {
    const filter = { kind: "recovery", status: "recovery_failed" };
    const page = await store.heads({ filter, page: { limit: 1_000, ...(after !== undefined && { after }) } });
    yield* page.items;
    if (page.next === null) return;
    after = page.next;
  }
}

/** The session a head of `givenUp` speaks of. */
export function sessionIdOf({ stream }: StoredHead): string {
  return streamKey(stream);
}

function besideOf(stream: StreamId): StreamId {
  return streamId("recovery", streamKey(stream));
}

function leftAlone(sessionId: string, error: string, cause: unknown): HolodeckError {
  return new HolodeckError("recovery_failed", {
    what: `Session ${sessionId} could not be recovered in ${TRIES_MAX} tries and is left alone: ${error}`,
    todo: "`holodeck verify` shows whether it is damaged; `manager.get` tries it again.",
    cause,
  });
}
