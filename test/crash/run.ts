// `npm run test:crash -- --store sqlite --kills 1000 [--seed S] [--json]`: kills, and one line on what was promised,
// lost, doubled and torn; exit 1 unless the last three are 0. `--images N` cuts a recorded run of SQLite instead.
import { parseArgs } from "node:util";
import type { Findings } from "./audit.ts";
import { crash } from "./crash.ts";
import { checkImages } from "./images.ts";
import { newSeed } from "./random.ts";
import { startTarget, TARGET_NAMES } from "./targets.ts";

interface Outcome {
  readonly [count: string]: number;
}

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    kills: { type: "string", default: "1000" },
    seed: { type: "string" },
    images: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? newSeed());
process.stderr.write(`seed ${seed}\n`);
if (values.images !== undefined) {
  tell(await runImages(Number(values.images)));
} else if (TARGET_NAMES.includes(values.store)) {
  tell(await runKills(values.store, Number(values.kills)));
} else {
  process.stderr.write(`${values.store} keeps nothing through a kill. Stores: ${TARGET_NAMES.join(", ")}.\n`);
  process.exitCode = 2;
}

async function runImages(count: number): Promise<Outcome> {
  const report = await checkImages({ images: count, seed });
  return { images: report.images, acknowledged: report.acknowledged, ...countsOf(report) };
}

async function runKills(store: string, kills: number): Promise<Outcome> {
  const target = await startTarget(store);
  try {
    const report = await crash({ target, kills, seed, onKill: tellProgress });
    return { kills: report.kills, acknowledged: report.acknowledged, ...countsOf(report) };
  } finally {
    await target.stop();
  }
}

function tellProgress(count: number): void {
  if (count % 50 === 0) process.stderr.write(`${count} kills\n`);
}

/** What was found goes to stderr in full. */
function countsOf({ lost, doubled, torn }: Findings): Outcome {
  for (const finding of [...lost, ...doubled, ...torn]) process.stderr.write(`${finding}\n`);
  return { lost: lost.length, doubled: doubled.length, torn: torn.length };
}

function tell(outcome: Outcome): void {
  const text = values.json
    ? JSON.stringify(outcome)
    : Object.entries(outcome)
        .map(([name, count]) => `${name}=${count}`)
        .join(" ");
  process.stdout.write(`${text}\n`);
  process.exitCode = ["lost", "doubled", "torn"].every((name) => outcome[name] === 0) ? 0 : 1;
}
