// Policy decisions per second at 10 to 10,000 statements, beside other engines on the same rules, the same answers
// checked first. The row of the design: at 10,000 statements at most twice the time at 10, and a thousand times the
// decisions of cedar-wasm and casbin there; the guarded decision's figure stands beside it.
import { parseIdentity } from "../src/trust/identity.ts";
import { rate, type Pair, type Row } from "./harness.ts";
import { ENGINES, type Engine, type Question, type Rule } from "./policy-engines.ts";
import { guardedAt } from "./policy-guard.ts";

export interface PolicyFigures {
  readonly sizes: readonly number[];
  readonly engines: readonly EngineFigures[];
}

export interface EngineFigures {
  readonly engine: string;
  /** Decisions per second by size, median of the rounds; null when the engine is not installed. */
  readonly perSecond: readonly (number | null)[];
  /** Of each round, by size. */
  readonly samples: readonly (readonly number[])[];
}

/** The engines that the design names a distance to. */
const BESIDE: ReadonlySet<string> = new Set(["cedar-wasm, preparsed", "casbin"]);

const QUESTIONS = 1_000;
/** So long answers are compared, and at least twenty: slow engines are asked fewer questions. */
const CHECK_MS = 2_000;

export async function benchPolicy({
  sizes = [10, 100, 1_000, 10_000],
  rounds = 5,
  roundMs = 300,
}: {
  readonly sizes?: readonly number[];
  readonly rounds?: number;
  readonly roundMs?: number;
} = {}): Promise<PolicyFigures> {
  const trials: Trial[] = [];
  for (const size of sizes) {
    for (const [name, engine] of await enginesAt(size)) trials.push({ size, name, engine, samples: [] });
  }
  // Round by round, so that a busy moment of the machine falls on all of them.
  for (let round = 0; round < rounds; round++) {
    for (const { engine, samples } of trials) samples.push(decisionsPerSecond(engine, roundMs));
  }
  const engines = Object.keys(ENGINES).map((engine) => {
    const samples = sizes.map(
      (size) => trials.find((one) => one.name === engine && one.size === size)?.samples ?? [],
    );
    return { engine, perSecond: samples.map(median), samples };
  });
  return { sizes, engines };
}

interface Trial {
  readonly size: number;
  readonly name: string;
  readonly engine: Engine;
  readonly samples: number[];
}

/** `size` rules over 50 roles; a tenth are prefixes, another tenth deny. */
function rulesOf(size: number): readonly Rule[] {
  return Array.from({ length: size }, (_, index) => ({
    id: `s${index}`,
    role: `role${index % 50}`,
    effect: index % 10 === 5 ? "deny" : "allow",
    resource: index % 10 === 0 ? `axis.group${index}.*` : `axis.group${index}.room`,
  }));
}

/** About rules all over the policy; a fifth ask what no rule speaks of. */
function questionsOf(size: number): readonly Question[] {
  return Array.from({ length: QUESTIONS }, (_, index) => {
    const rule = (index * 7_919) % size;
    const role = index % 5 === 4 ? "stranger" : `role${rule % 50}`;
    return {
      principal: parseIdentity({ id: `user-${role}`, roles: [role] }),
      request: { action: "read", resource: `axis.group${rule}.room` },
    };
  });
}

async function enginesAt(size: number): Promise<ReadonlyMap<string, Engine>> {
  const [rules, questions] = [rulesOf(size), questionsOf(size)];
  const engines = new Map<string, Engine>();
  for (const [name, make] of Object.entries(ENGINES)) {
    const engine = await make(rules, questions);
    if (engine !== null) engines.set(name, engine);
  }
  const [first] = engines.values();
  if (first === undefined) throw new Error("There is no engine.");
  const allowed = questions.filter((_, index) => first(index)).length;
  if (allowed === 0 || allowed === QUESTIONS) throw new Error(`${allowed} questions are allowed.`);
  for (const [name, engine] of engines) checkAnswers(name, first, engine);
  return engines;
}

/** Throws when an engine answers otherwise. It warms the engine up as well. */
function checkAnswers(name: string, expected: Engine, engine: Engine): void {
  const end = performance.now() + CHECK_MS;
  for (let index = 0; index < QUESTIONS && (index < 20 || performance.now() < end); index++) {
    if (engine(index) === expected(index)) continue;
    throw new Error(`${name} answers question ${index} with ${engine(index)}.`);
  }
}

function decisionsPerSecond(engine: Engine, ms: number): number {
  const started = performance.now();
  let asked = 0;
  let elapsed = 0;
  for (let burst = 1; elapsed < ms; burst = Math.min(burst * 2, 1_024)) {
    for (let count = 0; count < burst; count++) engine(asked++);
    elapsed = performance.now() - started;
  }
  return (asked * 1_000) / elapsed;
}

function median(samples: readonly number[]): number | null {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? null;
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell, index) => (index === 0 ? cell.padEnd(30) : cell.padStart(11))).join("")}\n`;
}

/** Decisions per second of the guard by size, one after the other and 64 at once. */
async function benchGuard(
  sizes: readonly number[],
  roundMs = 500,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const [oneByOne, together]: [number[], number[]] = [[], []];
  for (const size of sizes) {
    const guarded = await guardedAt(rulesOf(size), questionsOf(size));
    const rounds = [0, 1, 2, 3, 4, 5];
    const [ones, many]: [number[], number[]] = [[], []];
    for (const _ of rounds) {
      ones.push(await guarded.oneByOne(roundMs));
      many.push(await guarded.together(roundMs));
    }
    // The first round warms up.
    oneByOne.push(median(ones.slice(1)) ?? 0);
    together.push(median(many.slice(1)) ?? 0);
    await guarded.close();
  }
  return { "guarded, SQLite, one by one": oneByOne, "guarded, SQLite, 64 at once": together };
}

/** Prints all figures, and answers the rows of the design. */
export async function* rows(): AsyncGenerator<Row> {
  const { sizes, engines } = await benchPolicy();
  const guarded = await benchGuard(sizes);
  process.stdout.write(line(["decisions/s at statements", ...sizes.map(String)]));
  const figures: (readonly [string, readonly (number | null)[]])[] = [
    ...engines.map(({ engine, perSecond }) => [engine, perSecond] as const),
    ...Object.entries(guarded),
  ];
  for (const [name, perSecond] of figures) {
    const cells = perSecond.map((one) => (one === null ? "–" : one.toFixed(one < 100 ? 1 : 0)));
    process.stdout.write(line([name, ...cells]));
  }
  const [ours] = engines;
  if (ours === undefined) return;
  yield {
    what: `policy.evaluate at ${sizes.at(-1)} statements`,
    reach: { time: 2 },
    pairs: pairsOf(ours.samples.at(-1), ours.samples[0]),
    show: rate(1),
    notes: [
      `Beside the same at ${sizes[0]}.`,
      ...Object.entries(guarded).map(
        ([name, perSecond]) => `${name}: ${perSecond.map(perSecondOf).join(", ")}`,
      ),
    ],
  };
  for (const { engine, samples } of engines) {
    if (!BESIDE.has(engine) || samples.at(-1)?.length === 0) continue;
    const pairs = pairsOf(ours.samples.at(-1), samples.at(-1));
    const what = `policy.evaluate at ${sizes.at(-1)} statements, beside ${engine}`;
    yield { what, reach: { speed: 1_000 }, pairs, show: rate(1), notes: [] };
  }
}

/** Milliseconds a decision, round by round. */
function pairsOf(ours: readonly number[] = [], floor: readonly number[] = []): readonly Pair[] {
  return ours.map((perSecond, round) => ({
    ours: 1_000 / perSecond,
    floor: 1_000 / (floor[round] ?? Number.NaN),
  }));
}

function perSecondOf(count: number): string {
  return `${Math.round(count).toLocaleString("en")}/s`;
}
