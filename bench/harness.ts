// How every row is measured and shown: ours and the floor by turns in one process, five rounds, the median of their
// ratios with the lowest and the highest. Absolute times differ from machine to machine and by the hour; what two
// neighbours in one run have to each other does not.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Milliseconds for the same work, ours and by the floor. */
export interface Pair {
  readonly ours: number;
  readonly floor: number;
}

/**
 * Speed is a share of the floor's, at least so much; a lead is a multiple of its speed, at least so much; time is a
 * multiple of its time, at most so much.
 */
export type Reach = { readonly speed: number } | { readonly lead: number } | { readonly time: number };

/** A row of numbers to reach, as measured. */
export interface Row {
  readonly what: string;
  readonly reach: Reach;
  readonly pairs: readonly Pair[];
  /** Shows one side's milliseconds, such as a rate. */
  readonly show: (milliseconds: number) => string;
  /** What was compared with what, and what else was seen. */
  readonly notes: readonly string[];
}

/** What `bench/<group>.ts` exports as `rows`. A group may print figures of its own and have no row. */
export type Rows = (settings: Settings) => AsyncIterable<Row> | Iterable<Row>;

export interface Settings {
  /** The largest size to measure at, for groups that go up in steps. */
  readonly largest: number;
}

const ROUNDS = 5;

/** A server is warm: what its first thousands of commands cost while they are compiled is not what is asked here. */
const WARM_UPS = 3;

setFlagsFromString("--expose-gc");
export const collectGarbage = runInNewContext("gc") as () => void;

/** Five rounds after three that warm up. */
export async function measure(round: () => Promise<Pair>): Promise<readonly Pair[]> {
  for (let count = 0; count < WARM_UPS; count++) await round();
  const pairs: Pair[] = [];
  for (let count = 0; count < ROUNDS; count++) pairs.push(await round());
  return pairs;
}

/** Milliseconds `work` takes. What ran before has left no garbage for it to collect. */
export async function timed(work: () => Promise<void> | void): Promise<number> {
  collectGarbage();
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** `12,345/s` of so many things. */
export function rate(count: number): (milliseconds: number) => string {
  return (milliseconds) => `${Math.round((count / milliseconds) * 1_000).toLocaleString("en")}/s`;
}

/** `1.23 ms` */
export function duration(milliseconds: number): string {
  return `${milliseconds.toPrecision(3)} ms`;
}

export function isReached(row: Row): boolean {
  const ratio = median(ratiosOf(row));
  const { reach } = row;
  if ("time" in reach) return ratio <= reach.time;
  return ratio >= ("speed" in reach ? reach.speed : reach.lead);
}

/** A Markdown table of rows, and under it what there is to say about each. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row, index) => {
    const { what, reach, pairs, show } = row;
    const ratios = ratiosOf(row);
    const write = "speed" in reach ? percent : times;
    const range = `${write(Math.min(...ratios))} to ${write(Math.max(...ratios))}`;
    const target = targetOf(reach);
    const ours = show(median(pairs.map((pair) => pair.ours)));
    const floor = show(median(pairs.map((pair) => pair.floor)));
    const verdict = isReached(row) ? "reached" : "**NOT reached**";
    const cells = [`${index + 1}`, what, ours, floor, write(median(ratios)), range, target, verdict];
    return `| ${cells.join(" | ")} |`;
  });
  const notes = rows.flatMap(({ notes: said }, index) => said.map((note) => `- ${index + 1}: ${note}`));
  return [
    "| | what | ours | floor | ratio | lowest to highest | to reach | |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
    "",
    ...notes,
  ].join("\n");
}

function ratiosOf({ reach, pairs }: Row): readonly number[] {
  return pairs.map(({ ours, floor }) => ("time" in reach ? ours / floor : floor / ours));
}

function targetOf(reach: Reach): string {
  if ("time" in reach) return `≤ ${times(reach.time)}`;
  return "speed" in reach ? `≥ ${percent(reach.speed)}` : `≥ ${times(reach.lead)}`;
}

/** From ten times on the percents are no help. */
function percent(share: number): string {
  if (share >= 10) return `${Math.round(share).toLocaleString("en")} ×`;
  return `${Math.round(share * 100)} %`;
}

function times(multiple: number): string {
  return `${multiple.toFixed(2)} ×`;
}
