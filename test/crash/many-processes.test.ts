import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { many } from "./many.ts";
import { newSeed } from "./random.ts";
import { hasTarget, startTarget, TARGET_NAMES, type Target } from "./targets.ts";

const SEED = Number(process.env["HOLODECK_SEED"] ?? newSeed());
const LONG = process.env["HOLODECK_LONG"] === "1" ? 10 : 1;
const EIGHT = { processes: 8, seed: SEED };
const FULL = [
  { ...EIGHT, sessions: 1, tasks: 40, pauses: 4 * LONG, kills: 4 * LONG },
  { ...EIGHT, sessions: 100, tasks: 5, pauses: 4 * LONG, kills: 4 * LONG },
];
/** What a cluster adds to one server is that sessions lie on several. */
const BRIEF = [{ ...EIGHT, sessions: 12, tasks: 3, pauses: 1, kills: 2 }];

describe.each(TARGET_NAMES)(`on %s (HOLODECK_SEED=${SEED})`, (name) => {
  const isThere = hasTarget(name);
  let target: Target;
  beforeAll(async () => {
    if (isThere) target = await startTarget(name);
  });
  afterAll(async () => isThere && (await target.stop()));

  test.skipIf(!isThere).each(name === "redis-cluster" && LONG === 1 ? BRIEF : FULL)(
    "eight processes, paused and killed, bring $sessions sessions to one end each",
    { timeout: 120_000 * LONG },
    async (options) => {
      const { lost, doubled, torn, ...report } = await many({ ...options, address: target.newStore() });
      expect({ lost, doubled, torn }).toEqual({ lost: [], doubled: [], torn: [] });
      expect(report.ended).toBe(options.sessions);
      expect(report.pauses).toBe(options.pauses);
      expect(report.kills).toBe(options.kills);
      expect(report.working, "not all of them were at it").toBeGreaterThanOrEqual(options.processes);
    },
  );
});

test("processes whose appends nobody checks end things twice", { timeout: 60_000 }, async () => {
  const target = await startTarget("sqlite");
  const options = { processes: 4, sessions: 1, tasks: 60, pauses: 0, kills: 0 };
  // It shows when two decide at the same moment: once more, as long as they have not.
  let found = 0;
  for (let round = 0; found === 0 && round < 8; round++) {
    const report = await many({
      ...options,
      seed: SEED + round,
      fault: "checks-no-seq",
      address: target.newStore(),
    });
    found = report.doubled.length;
  }
  await target.stop();
  expect(found).toBeGreaterThan(0);
});
