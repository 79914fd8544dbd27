// Does it matter how tasks find agents? Agents differ in skill and fail in bursts; jobs of several tied tasks come in;
// the same jobs, agents and bad days are played with routing by H¹, by load, and by chance.
//
//   node examples/routing-simulation.ts [--seeds 10] [--ticks 2000] [--agents 40] [--svg plot.svg]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { play, POLICIES, type Played, type Policy, type World } from "./routing-world.ts";

export interface Simulation extends World {
  /** Worlds, each played with every policy. */
  readonly seeds: number;
}

export type Results = Readonly<Record<Policy, readonly Played[]>>;

/** What is compared: its name, and whether more of it is better. */
const MEASURES = [
  ["finished", "finished tasks", true],
  ["retries", "retries", false],
  ["sameAgain", "retries by who failed", false],
  ["longestLoop", "longest loop", false],
  ["loops", "β₁, mean", false],
] as const;

/** Plays every world with every policy. */
export function simulate({ seeds, ...world }: Simulation): Results {
  const played = (policy: Policy): readonly Played[] =>
    Array.from({ length: seeds }, (_, seed) => play({ ...world, policy, seed: seed + 1 }));
  return { h1: played("h1"), load: played("load"), random: played("random") };
}

/** The lines of a table: means, their spread over the worlds, and in how many worlds each was best. */
export function report(results: Results): readonly string[] {
  const lines = [
    ["", ...POLICIES]
      .map((cell) => cell.padEnd(24))
      .join("")
      .trimEnd(),
  ];
  for (const [key, name, more] of MEASURES) {
    const best = bestOf(results, key, more);
    const cells = POLICIES.map((policy) => {
      const values = results[policy].map((one) => one[key]);
      return `${mean(values).toFixed(1)} ± ${spread(values).toFixed(1)} (best ${best[policy]})`;
    });
    lines.push(
      [name, ...cells]
        .map((cell) => cell.padEnd(24))
        .join("")
        .trimEnd(),
    );
  }
  return lines;
}

/** Bars of the means, each measure against its largest. */
export function bars(results: Results, width = 40): readonly string[] {
  return MEASURES.flatMap(([key, name]) => {
    const means = POLICIES.map((policy) => mean(results[policy].map((one) => one[key])));
    const most = Math.max(...means, 1e-9);
    return [
      name,
      ...POLICIES.map((policy, index) => {
        const value = means[index] ?? 0;
        return `  ${policy.padEnd(7)} ${"█".repeat(Math.round((value / most) * width))} ${value.toFixed(1)}`;
      }),
    ];
  });
}

/** The same as a picture: a row of dots a measure and policy, one dot a world, and a line at the mean. */
export function svg(results: Results): string {
  const [left, rowHeight, width] = [190, 26, 720];
  const rows = MEASURES.flatMap(([key, name]) => POLICIES.map((policy) => ({ key, name, policy })));
  const marks = rows.map(({ key, name, policy }, row) => {
    const y = 24 + row * rowHeight;
    const values = results[policy].map((one) => one[key]);
    const most = Math.max(...POLICIES.flatMap((one) => results[one].map((world) => world[key])), 1e-9);
    const x = (value: number): number => left + (value / most) * (width - left - 20);
    const dots = values.map((value) => `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="3"/>`).join("");
    const at = x(mean(values)).toFixed(1);
    const line = `<line x1="${at}" x2="${at}" y1="${y - 9}" y2="${y + 9}" stroke="currentColor"/>`;
    return `<text x="8" y="${y + 4}">${name}, ${policy}</text><g class="${policy}">${dots}</g>${line}`;
  });
  const style =
    "text{font:13px sans-serif;fill:currentColor}.h1{fill:#0072b2}.load{fill:#e69f00}.random{fill:#999}";
  const height = 24 + rows.length * rowHeight;
  const title = "Routing by H¹, by load and by chance: a dot a world, a line at the mean";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title><style>${style}</style>${marks.join("")}</svg>\n`;
}

function bestOf(
  results: Results,
  key: (typeof MEASURES)[number][0],
  more: boolean,
): Readonly<Record<Policy, number>> {
  const best = { h1: 0, load: 0, random: 0 };
  for (let world = 0; world < results.h1.length; world++) {
    const values = POLICIES.map((policy) => results[policy][world]?.[key] ?? 0);
    const top = more ? Math.max(...values) : Math.min(...values);
    // Those that are equal are all best.
    for (const [index, policy] of POLICIES.entries()) if (values[index] === top) best[policy]++;
  }
  return best;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Standard deviation over the worlds. */
function spread(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { seeds: text, ticks: text, agents: text, svg: text } });
  const { ticks = "2000", agents = "40", seeds = "10" } = values;
  const results = simulate({ ticks: Number(ticks), agents: Number(agents), seeds: Number(seeds) });
  process.stdout.write(`${[...report(results), "", ...bars(results)].join("\n")}\n`);
  if (values.svg !== undefined) writeFileSync(values.svg, svg(results));
}
