// One destination as its sender sees it: the streams that wait for it, how many are being sent, and how long it is to
// be left alone. Destinations do not wait for one another, and neither do the streams of one.
import type { StreamId } from "../event/event.ts";
import { backoffMs } from "./backoff.ts";
import type { Carrier } from "./errand.ts";

/** Streams a lane keeps in mind; those beyond are found again in the store. */
export const LANE_STREAMS_MAX = 256;

/** Streams of one destination that are sent at once; while it fails, one alone tries. */
const IN_FLIGHT_MAX = 4;

interface Waiting {
  /** Not before this, milliseconds on the monotonic clock. */
  readonly notBefore: number;
  /** In a row. */
  readonly failures: number;
}

export class Lane {
  readonly destination: string;
  readonly carrier: Carrier;
  /** Streams were left out: they are to be looked for once there is room. `after` goes on from the page before. */
  missed: { readonly after: string | null } | null = null;
  readonly #random: () => number;
  readonly #waiting = new Map<StreamId, Waiting>();
  /** Streams being sent; true when more has come for one meanwhile. */
  readonly #inFlight = new Map<StreamId, boolean>();
  /** In a row, of different streams. */
  #failures = 0;
  #lastFailed: StreamId | null = null;
  #restUntil = 0;

  constructor(params: {
    readonly destination: string;
    readonly carrier: Carrier;
    readonly random: () => number;
  }) {
    this.destination = params.destination;
    this.carrier = params.carrier;
    this.#random = params.random;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0 && this.missed === null;
  }

  get size(): number {
    return this.#waiting.size + this.#inFlight.size;
  }

  /** Something waits in a stream. */
  add(stream: StreamId): void {
    if (this.#inFlight.has(stream)) this.#inFlight.set(stream, true);
    else if (!this.#waiting.has(stream)) this.#put(stream, { notBefore: 0, failures: 0 });
  }

  /** The next stream to visit, which is then in flight; null when none may be visited now. */
  take(now: number): { readonly stream: StreamId; readonly failures: number } | null {
    if (this.#restUntil > now || this.#isBusy()) return null;
    for (const [stream, { notBefore, failures }] of this.#waiting) {
      if (notBefore > now) continue;
      this.#waiting.delete(stream);
      this.#inFlight.set(stream, false);
      return { stream, failures };
    }
    return null;
  }

  /** When something may be visited next, on the monotonic clock; infinite when nothing waits, or for a visit's end. */
  nextAt(): number {
    if (this.#isBusy()) return Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { notBefore } of this.#waiting.values()) next = Math.min(next, notBefore);
    return Math.max(next, this.#restUntil);
  }

  /** All that could be sent was, or its turn is over and it goes to the end. */
  done(stream: StreamId, { more, worked }: { readonly more: boolean; readonly worked: boolean }): void {
    const news = this.#inFlight.get(stream) === true;
    this.#inFlight.delete(stream);
    if (worked) {
      this.#failures = 0;
      this.#lastFailed = null;
    }
    if (more || news) this.#put(stream, { notBefore: 0, failures: 0 });
  }

  /** Someone else sends it; it is looked at again later. */
  postpone(stream: StreamId, until: number): void {
    this.#inFlight.delete(stream);
    this.#put(stream, { notBefore: until, failures: 0 });
  }

  /**
   * The stream rests for longer with each of its failures, and the destination with each failure in a row of another
   * stream: a tile its server cannot take holds up its own stream alone, and a server that is away is not asked for
   * each stream anew.
   */
  failed(
    stream: StreamId,
    failed: { readonly now: number; readonly failures: number; readonly afterMs: number | null },
  ): void {
    this.#inFlight.delete(stream);
    const { now, failures, afterMs } = failed;
    this.#put(stream, { notBefore: now + backoffMs(failures, this.#random), failures: failures + 1 });
    const rest = now + (afterMs ?? backoffMs(this.#failures, this.#random));
    this.#restUntil = Math.max(this.#restUntil, rest);
    if (stream !== this.#lastFailed) this.#failures += 1;
    this.#lastFailed = stream;
  }

  #isBusy(): boolean {
    return this.#inFlight.size >= (this.#failures > 0 ? 1 : IN_FLIGHT_MAX);
  }

  #put(stream: StreamId, waiting: Waiting): void {
    if (this.#waiting.size < LANE_STREAMS_MAX) this.#waiting.set(stream, waiting);
    else this.missed ??= { after: null };
  }
}
