// What the run of a session looked like, in words for whoever reads its end tile. Each pattern is one sentence
// and one predicate; docs/patterns.md lists the sentences.
import type { SessionOutcome } from "./outcome.ts";
import type { TaskEnd } from "./state.ts";

/** What patterns are read from. Times are milliseconds. */
export interface SessionRun {
  readonly outcome: SessionOutcome | null;
  readonly durationMs: number | null;
  readonly startedAt: number;
  /** When a task last started, or ended by itself; the start when none did. */
  readonly activeAt: number;
  /** In the order they ended. */
  readonly ends: readonly TaskEnd[];
}

interface Pattern {
  readonly name: string;
  /** One sentence, as the documentation has it. */
  readonly means: string;
  readonly holds: (run: SessionRun) => boolean;
}

export const PATTERNS: readonly Pattern[] = [
  {
    name: "high_completion_streak",
    means: "At least three tasks in a row ended as success.",
    holds: ({ ends }) => longestRun(ends, (end) => end.outcome === "success") >= 3,
  },
  {
    name: "first_failure_recovered",
    means: "The task that ended right after the first failed one ended as success.",
    holds: ({ ends }) => {
      const first = ends.findIndex((end) => end.outcome === "failed");
      return first >= 0 && ends[first + 1]?.outcome === "success";
    },
  },
  {
    name: "all_succeeded",
    means: "There was at least one task, and every task ended as success.",
    holds: ({ ends }) => ends.length > 0 && ends.every((end) => end.outcome === "success"),
  },
  {
    name: "all_failed",
    means: "There was at least one task, and every task ended as failed or timeout.",
    holds: ({ ends }) => ends.length > 0 && ends.every(wentWrong),
  },
  {
    name: "cascade_failure",
    means: "At least three tasks in a row ended as failed or timeout.",
    holds: ({ ends }) => longestRun(ends, wentWrong) >= 3,
  },
  {
    name: "timeout_cluster",
    means: "Among five tasks that ended one after another, at least three ended as timeout.",
    holds: ({ ends }) => ends.some((_, at) => count(ends.slice(at, at + 5), isTimeout) >= 3),
  },
  {
    name: "retry_storm",
    means: "There were at least three attempts after a first one, and at least half as many as tasks.",
    holds: ({ ends }) => {
      const retries = ends.reduce((sum, end) => sum + Math.max(0, end.attempts - 1), 0);
      return retries >= 3 && retries * 2 >= ends.length;
    },
  },
  {
    name: "slow_tail",
    means:
      "At least eight tasks ran, and the 95th percentile of their durations is over three times the median.",
    holds: ({ ends }) => {
      const durations = ends.filter((end) => end.attempts > 0).map((end) => end.durationMs);
      if (durations.length < 8) return false;
      durations.sort((a, b) => a - b);
      return percentile(durations, 0.95) > 3 * percentile(durations, 0.5);
    },
  },
  {
    name: "stalled",
    means: "The session timed out, and in the last half of its time no task started or ended by itself.",
    holds: ({ outcome, durationMs, startedAt, activeAt }) =>
      outcome === "timeout" && activeAt - startedAt <= (durationMs ?? 0) / 2,
  },
  {
    name: "cancelled_midway",
    means:
      "The session was cancelled after at least one task had ended by itself and while at least one was open.",
    holds: ({ outcome, ends }) =>
      outcome === "cancelled" &&
      ends.some((end) => end.closedBySession) &&
      ends.some((end) => !end.closedBySession),
  },
];

/** The names of the patterns a run shows, in the order of `PATTERNS`. */
export function patternsOf(run: SessionRun): readonly string[] {
  return PATTERNS.filter((pattern) => pattern.holds(run)).map((pattern) => pattern.name);
}

function wentWrong({ outcome }: TaskEnd): boolean {
  return outcome === "failed" || outcome === "timeout";
}

function isTimeout({ outcome }: TaskEnd): boolean {
  return outcome === "timeout";
}

function longestRun(ends: readonly TaskEnd[], test: (end: TaskEnd) => boolean): number {
  let longest = 0;
  let current = 0;
  for (const end of ends) {
    current = test(end) ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

function count(ends: readonly TaskEnd[], test: (end: TaskEnd) => boolean): number {
  return ends.filter(test).length;
}

/** The nearest-rank percentile of sorted numbers (ISO 2602's simplest form: the ⌈p·n⌉-th smallest). */
function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}
