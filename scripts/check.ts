// `npm run check`: types, lint, format, layers and dead code, two at a time. One line each with its seconds, the
// output of what failed, exit 1 when anything failed. `npm run check lint types` runs those alone.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

interface Outcome {
  readonly isGood: boolean;
  readonly output: string;
}

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "node_modules", ".bin");
/** The compiler and the linter use every core themselves; more at once only makes each slower. */
const AT_ONCE = 2;

/** The slowest first. */
const STEPS: readonly Step[] = [
  { name: "lint", command: [join(BIN, "oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "dead code", command: [join(BIN, "knip"), "--no-progress", "--no-config-hints"] },
  { name: "types", command: [join(BIN, "tsc"), "-p", "."] },
  { name: "layers", command: [process.execPath, join(ROOT, "scripts", "layers.ts")] },
  { name: "format", command: [join(BIN, "oxfmt"), "--check"] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !STEPS.some((step) => step.name === name));
if (unknown === undefined) {
  const failed = await runAll(
    wanted.length === 0 ? STEPS : STEPS.filter(({ name }) => wanted.includes(name)),
  );
  process.exitCode = failed === 0 ? 0 : 1;
} else {
  process.stderr.write(`${unknown} is no step. Steps: ${STEPS.map(({ name }) => name).join(", ")}.\n`);
  process.exitCode = 2;
}

/** How many failed. */
async function runAll(steps: readonly Step[]): Promise<number> {
  const waiting = [...steps];
  let failed = 0;
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (!(await runAndTell(step))) failed++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return failed;
}

async function runAndTell(step: Step): Promise<boolean> {
  const start = performance.now();
  const { isGood, output } = await run(step);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${step.name.padEnd(10)} ${isGood ? "ok    " : "FAILED"} ${seconds.padStart(5)} s\n`);
  if (!isGood) process.stdout.write(`${output.trimEnd()}\n\n`);
  return isGood;
}

function run({ command: [file = "", ...args] }: Step): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ isGood: false, output: error.message }));
    child.on("close", (code) => resolve({ isGood: code === 0, output }));
  });
}
