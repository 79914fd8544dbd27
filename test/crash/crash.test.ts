import { expect, test } from "vitest";
import { crash, type CrashReport } from "./crash.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { newSeed } from "./random.ts";
import { hasTarget, startTarget, TARGET_NAMES } from "./targets.ts";

const SEED = Number(process.env["HOLODECK_SEED"] ?? newSeed());
const LONG = process.env["HOLODECK_LONG"] === "1";

/** A cluster takes seconds to come back: it dies less often, and not at every point, unless there is time. */
const SLOW = { kills: 8, serverKills: 1, isAtEachPoint: false };
const THOROUGH = { kills: LONG ? 1_000 : 50, isAtEachPoint: true };

const RUNS = TARGET_NAMES.map((name) => ({
  name,
  ...(name === "redis-cluster" && !LONG ? SLOW : THOROUGH),
}));

test.for(RUNS)(
  `$kills kills of who works on $name lose nothing, double nothing and tear nothing (HOLODECK_SEED=${SEED})`,
  { timeout: THOROUGH.kills * 5_000 },
  async ({ name, isAtEachPoint, ...options }, { skip }) => {
    skip(!hasTarget(name));
    const target = await startTarget(name);
    const { lost, doubled, torn, ...report } = await crash({ target, ...options, seed: SEED });
    await target.stop();
    expect({ lost, doubled, torn }).toEqual({ lost: [], doubled: [], torn: [] });
    expect(report.kills).toBeGreaterThanOrEqual(options.kills);
    expect(report.acknowledged).toBeGreaterThan(options.kills);
    expect(report.serverKills > 0).toBe(target.killServer !== null);
    expect(report.points.size).toBeGreaterThan(1);
    if (!isAtEachPoint) return;
    expect([...report.points].toSorted()).toEqual([...target.points, ...target.createPoints].toSorted());
  },
);

/** What each planted fault must show up as. */
const SIGNS: Readonly<Record<Fault, (report: CrashReport) => number>> = {
  "acknowledges-early": ({ lost }) => lost.length,
  "checks-no-seq": ({ doubled }) => doubled.length,
  "saves-place-early": ({ lost }) => lost.filter((one) => one.includes("never done")).length,
};

test.each(FAULTS)(
  "a store that %s is caught (HOLODECK_SEED=" + SEED + ")",
  { timeout: 200_000 },
  async (fault) => {
    const sign = SIGNS[fault];
    // A fault shows when a kill falls on the right moment: a few kills more, as long as it has not.
    let found = 0;
    const target = await startTarget("sqlite");
    for (let round = 0; found === 0 && round < 8; round++) {
      found = sign(await crash({ target, kills: 8, seed: SEED + round, fault }));
    }
    await target.stop();
    expect(found).toBeGreaterThan(0);
  },
);
