import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SystemClock } from "./system-clock.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

/** How exactly a set clock is measured: time since boot comes in hundredths of a second, and the test takes some. */
const EXACT_MS = 1_500;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

test.each([YEAR_MS, -YEAR_MS])("a wall clock set by %d ms is seen at the next look, however soon", (byMs) => {
  const clock = new SystemClock("boot");
  const offsetMs = clock.boot().offsetMs;
  expect(clock.check()).toBeNull();
  vi.setSystemTime(Date.now() + byMs);
  const change = clock.check();
  expect(change?.kind).toBe("set");
  expect(Math.abs((change?.byMs ?? 0) - byMs)).toBeLessThan(EXACT_MS);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(EXACT_MS);
  expect(Math.abs(clock.boot().offsetMs - offsetMs - byMs)).toBeLessThan(EXACT_MS);
  expect(clock.check()).toBeNull();
});

test("a clock that nobody sets does not change", () => {
  vi.useRealTimers();
  const clock = new SystemClock("boot");
  for (let look = 0; look < 100; look++) expect(clock.check()).toBeNull();
});
