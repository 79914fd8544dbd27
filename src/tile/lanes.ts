// The destinations that something waits for, taken in turn.
import type { StreamId } from "../event/event.ts";
import type { Carrier } from "./errand.ts";
import { Lane, LANE_STREAMS_MAX } from "./lane.ts";

/** Destinations kept in mind; what waits for another is found again in the store. */
const LANES_MAX = 64;

export class Lanes {
  readonly #carrierFor: (destination: string) => Carrier;
  readonly #random: () => number;
  readonly #lanes = new Map<string, Lane>();

  constructor(params: {
    readonly carrierFor: (destination: string) => Carrier;
    readonly random: () => number;
  }) {
    this.#carrierFor = params.carrierFor;
    this.#random = params.random;
  }

  /** Something waits in a stream; null when there are too many destinations to keep this one in mind. */
  add(destination: string, stream: StreamId): Lane | null {
    const lane = this.#lanes.get(destination) ?? this.#make(destination);
    lane?.add(stream);
    return lane;
  }

  /** The next stream to visit, of the lanes in turn; null when none may be visited now. */
  take(now: number): { readonly lane: Lane; readonly stream: StreamId; readonly failures: number } | null {
    for (const [destination, lane] of this.#lanes) {
      const next = lane.take(now);
      if (next === null) continue;
      this.#lanes.delete(destination);
      this.#lanes.set(destination, lane);
      return { lane, ...next };
    }
    return null;
  }

  /** When a stream may be visited next, on the monotonic clock. */
  nextAt(): number {
    return Math.min(...[...this.#lanes.values()].map((lane) => lane.nextAt()));
  }

  /** A lane that left streams out and has room for them again. */
  missing(): Lane | null {
    for (const lane of this.#lanes.values()) {
      if (lane.missed !== null && lane.size <= LANE_STREAMS_MAX / 2) return lane;
    }
    return null;
  }

  close(): void {
    for (const { carrier } of this.#lanes.values()) carrier.close();
  }

  #make(destination: string): Lane | null {
    if (this.#lanes.size >= LANES_MAX && !this.#dropOne()) return null;
    const lane = new Lane({ destination, carrier: this.#carrierFor(destination), random: this.#random });
    this.#lanes.set(destination, lane);
    return lane;
  }

  #dropOne(): boolean {
    for (const [destination, lane] of this.#lanes) {
      if (!lane.isEmpty) continue;
      lane.carrier.close();
      return this.#lanes.delete(destination);
    }
    return false;
  }
}
