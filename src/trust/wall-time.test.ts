import fc from "fast-check";
import { expect, test } from "vitest";
import { dayOfWeek, isInWindow, isOnDay, parseDayOfWeek, parseTimeOfDay, timeOfDay } from "./wall-time.ts";

const at = (text: string): number => Date.parse(text);

test("a window of the day has its beginning and not its end", () => {
  const office = parseTimeOfDay({ from: "09:00", to: "17:00" }, "t");
  expect(isInWindow(at("2026-05-19T09:00:00Z"), office)).toBe(true);
  expect(isInWindow(at("2026-05-19T16:59:59.999Z"), office)).toBe(true);
  expect(isInWindow(at("2026-05-19T17:00:00Z"), office)).toBe(false);
});

test("a window may go over midnight", () => {
  const night = parseTimeOfDay({ from: "22:00", to: "06:00" }, "t");
  expect(isInWindow(at("2026-05-19T23:00:00Z"), night)).toBe(true);
  expect(isInWindow(at("2026-05-19T05:59:00Z"), night)).toBe(true);
  expect(isInWindow(at("2026-05-19T12:00:00Z"), night)).toBe(false);
});

test("a fixed offset moves the day with the time", () => {
  const days = parseDayOfWeek({ days: ["mon"], utc_offset: "+02:00" }, "d");
  expect(isOnDay(at("2026-05-17T22:30:00Z"), days)).toBe(true);
  expect(isOnDay(at("2026-05-18T22:30:00Z"), days)).toBe(false);
});

test("time and day are those of a calendar, before the epoch too", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(dayOfWeek(date.getTime(), 0)).toBe(date.getUTCDay());
      expect(Math.floor(timeOfDay(date.getTime(), 0) / 3_600_000)).toBe(date.getUTCHours());
    }),
  );
});

test.each([
  [{ from: "9:00", to: "17:00" }, /t\.from is "9:00"/],
  [{ from: "09:00", to: "24:30" }, /t\.to/],
  [{ from: "09:00", to: "09:00" }, /t\.to/],
  [{ from: "09:00" }, /t\.to is undefined/],
  [{ from: "09:00", to: "10:00", utc_offset: "Europe/Paris" }, /fixed offset/],
  [{ from: "09:00", to: "10:00", zone: "UTC" }, /unknown member "zone"/],
])("the window %j is refused", (value, message) => {
  expect(() => parseTimeOfDay(value, "t")).toThrow(message);
});
