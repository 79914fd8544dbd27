import { expect, test } from "vitest";
import type { TaskOutcome } from "./outcome.ts";
import { PATTERNS, patternsOf, type SessionRun } from "./patterns.ts";
import type { TaskEnd } from "./state.ts";

const OUTCOMES: Readonly<Record<string, TaskOutcome>> = {
  s: "success",
  f: "failed",
  t: "timeout",
  c: "cancelled",
};

/** `ssf` is two successes and a failure, a second each, in one attempt. */
function ends(letters: string, each: Partial<TaskEnd> = {}): TaskEnd[] {
  return Array.from(letters, (letter) => ({
    outcome: OUTCOMES[letter] ?? "success",
    durationMs: 1_000,
    attempts: 1,
    closedBySession: false,
    ...each,
  }));
}

function run(given: Partial<SessionRun>): SessionRun {
  return { outcome: "success", durationMs: 60_000, startedAt: 0, activeAt: 60_000, ends: [], ...given };
}

interface Example {
  readonly pattern: string;
  readonly shows: Partial<SessionRun>;
  readonly lacks: readonly Partial<SessionRun>[];
}

const EXAMPLES: readonly Example[] = [
  {
    pattern: "high_completion_streak",
    shows: { ends: ends("fsss") },
    lacks: [{ ends: ends("ssfss") }, { ends: ends("sscs") }],
  },
  {
    pattern: "first_failure_recovered",
    shows: { ends: ends("sfsf") },
    lacks: [{ ends: ends("sffs") }, { ends: ends("sf") }, { ends: ends("ts") }],
  },
  { pattern: "all_succeeded", shows: { ends: ends("s") }, lacks: [{ ends: [] }, { ends: ends("ssc") }] },
  { pattern: "all_failed", shows: { ends: ends("ft") }, lacks: [{ ends: [] }, { ends: ends("ffc") }] },
  {
    pattern: "cascade_failure",
    shows: { ends: ends("sftf") },
    lacks: [{ ends: ends("ffsff") }, { ends: ends("ffcf") }],
  },
  {
    pattern: "timeout_cluster",
    shows: { ends: ends("tststs") },
    lacks: [{ ends: ends("tt") }, { ends: ends("tsssstt") }],
  },
  {
    pattern: "retry_storm",
    shows: { ends: [...ends("ss", { attempts: 2 }), ...ends("ssss"), ...ends("f", { attempts: 3 })] },
    lacks: [
      { ends: ends("ss", { attempts: 2 }) },
      { ends: [...ends("sss", { attempts: 2 }), ...ends("ssss")] },
    ],
  },
  {
    pattern: "slow_tail",
    shows: { ends: [...ends("sssssss"), ...ends("s", { durationMs: 3_001 })] },
    lacks: [
      { ends: [...ends("ssssss"), ...ends("s", { durationMs: 3_001 })] },
      { ends: [...ends("sssssss"), ...ends("s", { durationMs: 3_000 })] },
      { ends: [...ends("sssssss", { attempts: 0 }), ...ends("s", { durationMs: 9_000 })] },
    ],
  },
  {
    pattern: "stalled",
    shows: { outcome: "timeout", activeAt: 30_000 },
    lacks: [
      { outcome: "timeout", activeAt: 30_001 },
      { outcome: "success", activeAt: 0 },
    ],
  },
  {
    pattern: "cancelled_midway",
    shows: { outcome: "cancelled", ends: [...ends("s"), ...ends("c", { closedBySession: true })] },
    lacks: [
      { outcome: "cancelled", ends: ends("sc") },
      { outcome: "cancelled", ends: ends("cc", { closedBySession: true }) },
      { outcome: "failed", ends: [...ends("s"), ...ends("c", { closedBySession: true })] },
    ],
  },
];

test.each(EXAMPLES)("$pattern is shown by what its sentence says, and by nothing less", (example) => {
  expect(patternsOf(run(example.shows))).toContain(example.pattern);
  for (const lacking of example.lacks) expect(patternsOf(run(lacking))).not.toContain(example.pattern);
});

test("every pattern has an example", () => {
  expect(EXAMPLES.map(({ pattern }) => pattern)).toEqual(PATTERNS.map(({ name }) => name));
});
