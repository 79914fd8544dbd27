// What can be said of a fleet by walking all of it, said once for each of its states.
import { articulation, type Articulation } from "../../fleet/articulation.ts";
import {
  describeLoops,
  fleetStatus,
  h1Snapshot,
  type FleetStatus,
  type H1Snapshot,
} from "../../fleet/fleet-view.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { plainGraph, type PlainGraph } from "../../fleet/plain-graph.ts";
import { rigidityOf, type FleetRigidity, type RigidityDescription } from "../../fleet/rigidity.ts";
import { pingPongs, waitCycles, type PingPong, type WaitCycle } from "../../fleet/waits.ts";
import type { FleetNow } from "./fleets.ts";

export interface Waits {
  readonly deadlocks: readonly WaitCycle[];
  readonly pingPongs: readonly PingPong[];
}

/** What has been found out of one state at one place in its stream. */
interface Found {
  readonly seq: number;
  plain?: PlainGraph;
  rigidity?: FleetRigidity;
  articulation?: Articulation;
  waits?: Waits;
}

interface Described {
  readonly description: RigidityDescription;
  /** When and how long it took, milliseconds. */
  readonly at: number;
  readonly tookMs: number;
}

/** A description that took longer than this is shown again while the fleet moves on: for ten times as long as it took. */
const SLOW_MS = 50;
const SLOW_SHARE = 10;

export class FleetReports {
  /** By state, as a state that was decided on and not appended is dropped with its seqs. */
  readonly #found = new WeakMap<FleetState, Found>();
  readonly #described = new WeakMap<FleetState, Described>();
  readonly #monotonic: () => number;

  /** `monotonic` is in milliseconds. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** `GET /status`, spec/wire.md §2. */
  status(now: FleetNow): FleetStatus {
    return fleetStatus(now.state, now.settings.offset, this.#describe(now));
  }

  /** `GET /h1-snapshot`, spec/wire.md §2. */
  snapshot(now: FleetNow): H1Snapshot {
    return h1Snapshot(now.state, now.settings.offset, this.#describe(now));
  }

  plain(now: FleetNow): PlainGraph {
    const found = this.#of(now);
    return (found.plain ??= plainGraph(now.state.graph));
  }

  rigidity(now: FleetNow): FleetRigidity {
    const found = this.#of(now);
    return (found.rigidity ??= rigidityOf(this.plain(now)));
  }

  articulation(now: FleetNow): Articulation {
    const found = this.#of(now);
    return (found.articulation ??= articulation(this.plain(now)));
  }

  waits({ state, ...now }: FleetNow): Waits {
    const found = this.#of({ state, ...now });
    return (found.waits ??= {
      deadlocks: waitCycles(state.graph.arcs()),
      pingPongs: pingPongs(state.graph.arcs()),
    });
  }

  #describe(now: FleetNow): RigidityDescription {
    const quick = describeLoops(now.state.graph.counts());
    if (quick !== null) return quick;
    const last = this.#described.get(now.state);
    const start = this.#monotonic();
    const isFresh = last !== undefined && last.tookMs > SLOW_MS && start - last.at < SLOW_SHARE * last.tookMs;
    if (isFresh) return last.description;
    const { description } = this.rigidity(now).whole;
    const at = this.#monotonic();
    this.#described.set(now.state, { description, at, tookMs: at - start });
    return description;
  }

  #of({ state, seq }: FleetNow): Found {
    const known = this.#found.get(state);
    if (known !== undefined && known.seq === seq) return known;
    const found: Found = { seq };
    this.#found.set(state, found);
    return found;
  }
}
