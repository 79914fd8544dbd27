// What can be said of a fleet by walking all of it, said once for each of its states.
import { articulation, type Articulation } from "../../fleet/articulation.ts";
import { fleetStatus, h1Snapshot, type FleetStatus, type H1Snapshot } from "../../fleet/fleet-view.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { plainGraph, type PlainGraph } from "../../fleet/plain-graph.ts";
import { rigidityOf, type FleetRigidity } from "../../fleet/rigidity.ts";
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

export class FleetReports {
  /** By state, as a state that was decided on and not appended is dropped with its seqs. */
  readonly #found = new WeakMap<FleetState, Found>();

  /** `GET /status`, spec/wire.md §2. */
  status(now: FleetNow): FleetStatus {
    return fleetStatus(now.state, now.settings.offset);
  }

  /** `GET /h1-snapshot`, spec/wire.md §2. */
  snapshot(now: FleetNow): H1Snapshot {
    return h1Snapshot(now.state, now.settings.offset);
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

  #of({ state, seq }: FleetNow): Found {
    const known = this.#found.get(state);
    if (known !== undefined && known.seq === seq) return known;
    const found: Found = { seq };
    this.#found.set(state, found);
    return found;
  }
}
