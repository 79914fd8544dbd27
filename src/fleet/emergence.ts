// When coordination outgrows the fleet: β₁ > V + offset (offset −2 by default, and V ≥ 2), spec/fleet-math.md.
// With offset −2 a positive margin forces redundant edges (Laman 1970). An upward crossing is reported once and
// re-armed by the downward one; that a component is over the line is data, never an alert.
import { type FleetGraph, type GraphCounts, loops } from "./graph.ts";

/** The offset of the threshold V + offset at which a plane framework is just rigid. */
export const EMERGENCE_OFFSET_DEFAULT = -2;

/** Whether the last reported crossing was upward, and how many upward ones there have been. */
export interface EmergenceState {
  readonly above: boolean;
  readonly crossings: number;
}

/** A crossing to report: the upward ones are numbered from 1, a downward one carries the number it ends. */
export interface Crossing {
  readonly direction: "up" | "down";
  readonly crossing: number;
}

/** A component that is over the line on its own. */
export interface ComponentFlag {
  readonly member: string;
  readonly counts: GraphCounts;
  readonly margin: number;
}

export const EMERGENCE_INITIAL: EmergenceState = { above: false, crossings: 0 };

/** V + offset: β₁ above it is emergence. */
export function thresholdOf(counts: GraphCounts, offset: number): number {
  return counts.vertices + offset;
}

/** β₁ − (V + offset); 0 below two vertices, where there is nothing to hold together. */
export function marginOf(counts: GraphCounts, offset: number): number {
  return counts.vertices < 2 ? 0 : loops(counts) - thresholdOf(counts, offset);
}

export function isEmergent(counts: GraphCounts, offset: number): boolean {
  return marginOf(counts, offset) > 0;
}

/** 0 at or below the line, 0.3, 0.6, then 0.9 above it (spec/wire.md §2). */
export function riskOf(counts: GraphCounts, offset: number): number {
  const margin = marginOf(counts, offset);
  if (margin <= 0) return 0;
  if (margin === 1) return 0.3;
  return margin === 2 ? 0.6 : 0.9;
}

/** The crossing between what was last reported and what is; null when there is none. */
export function crossingTo(state: EmergenceState, counts: GraphCounts, offset: number): Crossing | null {
  const above = isEmergent(counts, offset);
  if (above === state.above) return null;
  return above
    ? { direction: "up", crossing: state.crossings + 1 }
    : { direction: "down", crossing: state.crossings };
}

/** The state once a crossing is reported. */
export function crossed(state: EmergenceState, crossing: Crossing): EmergenceState {
  return { above: crossing.direction === "up", crossings: Math.max(state.crossings, crossing.crossing) };
}

/** Every component over the line (Vᵢ ≥ 2 and β₁ᵢ > Vᵢ + offset), which the global flag can miss. O(V). */
export function flaggedComponents(graph: FleetGraph, offset: number): ComponentFlag[] {
  const flags: ComponentFlag[] = [];
  for (const { member, counts } of graph.components()) {
    if (isEmergent(counts, offset)) flags.push({ member, counts, margin: marginOf(counts, offset) });
  }
  return flags;
}
