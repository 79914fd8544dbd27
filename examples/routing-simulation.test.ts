import { expect, test } from "vitest";
import { bars, report, simulate, svg } from "./routing-simulation.ts";
import { play, POLICIES } from "./routing-world.ts";

const SMALL = { ticks: 120, agents: 20 };

test("a world played again comes out the same, and the policies differ", () => {
  const [first, again] = [1, 2].map(() => POLICIES.map((policy) => play({ ...SMALL, policy, seed: 7 })));
  expect(again).toEqual(first);
  expect(new Set(first?.map((one) => JSON.stringify(one))).size).toBe(POLICIES.length);
  for (const one of first ?? []) expect(one.finished).toBeGreaterThan(0);
});

test("agents that fail in bursts bring retries", () => {
  const { h1 } = simulate({ ...SMALL, seeds: 1 });
  expect(h1[0]?.retries).toBeGreaterThan(0);
});

test("each policy has its column, each measure its row, and the picture a dot for every world", () => {
  const results = simulate({ ...SMALL, seeds: 2 });
  const [head = "", ...rows] = report(results);
  expect(head.split(/\s+/).filter((word) => word !== "")).toEqual([...POLICIES]);
  expect(rows).toHaveLength(5);
  for (const row of rows) expect(row.match(/ ± /g)).toHaveLength(3);
  expect(bars(results)).toHaveLength(20);
  expect(svg(results).match(/<circle/g)).toHaveLength(30);
});

test("who is best is told by what came out, and a draw counts for all", () => {
  const same = { finished: 5, retries: 1, sameAgain: 0, longestLoop: 0, loops: 2 };
  const lines = report({ h1: [same], load: [{ ...same, finished: 9, retries: 0 }], random: [same] });
  expect(lines[1]).toMatch(/5\.0 ± 0\.0 \(best 0\) +9\.0 ± 0\.0 \(best 1\) +5\.0 ± 0\.0 \(best 0\)/);
  expect(lines[2]).toMatch(/1\.0.*best 0.*0\.0.*best 1.*1\.0.*best 0/);
  expect(lines[4]).toMatch(/best 1.*best 1.*best 1/);
});
