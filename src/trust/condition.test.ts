import { expect, test } from "vitest";
import { compileCondition, judge, type Verdict } from "./condition.ts";

const IDENTITY = { id: "ada", nickname: "", metadata: { team: "blue" }, roles: ["reader"] };

function verdict(condition: object, context: object = {}): Verdict {
  const resource = { id: "axis.a", attributes: {} };
  return judge(compileCondition(condition, "condition"), {
    context: { ...context },
    identity: IDENTITY,
    resource,
  });
}

test.each([
  ["eu", "eu", "holds"],
  ["eu", "us", "fails"],
  [null, null, "holds"],
  [null, "eu", "fails"],
  ["eu", null, "fails"],
  [true, true, "holds"],
  [true, false, "fails"],
  [0, -0, "holds"],
  [{ in: ["eu", "us"] }, "us", "holds"],
  [{ in: ["eu", 7] }, 8, "fails"],
  [{ not: "eu" }, "us", "holds"],
  [{ not: "eu" }, "eu", "fails"],
  [{ not: ["eu", "us"] }, "us", "fails"],
  [{ not: "eu" }, null, "holds"],
  [{ gt: 5 }, 5, "fails"],
  [{ gte: 5 }, 5, "holds"],
  [{ lt: 5 }, 5, "fails"],
  [{ lte: 5 }, 5, "holds"],
  [{ gt: 1, lt: 5 }, 3, "holds"],
  [{ gt: 1, lt: 5 }, 6, "fails"],
  [{ between: [1, 2] }, 1, "holds"],
  [{ between: [1, 2] }, 2, "holds"],
  [{ between: [1, 2] }, 2.1, "fails"],
  [{ matches_glob: "eu-*" }, "eu-west", "holds"],
  [{ matches_glob: "eu-*" }, "us-eu-", "fails"],
  [{ exists: true }, null, "holds"],
  [{ exists: false }, null, "fails"],
  [{ exists: true, gt: 5 }, 6, "holds"],
  [{ exists: true, gt: 5 }, 4, "fails"],
  [{ time_of_day: { from: "00:00", to: "12:00" } }, 0, "holds"],
  [{ time_of_day: { from: "00:00", to: "12:00", utc_offset: "-01:00" } }, 0, "fails"],
  [{ day_of_week: { days: ["thu"] } }, 0, "holds"],
  [{ day_of_week: { days: ["thu"], utc_offset: "-01:00" } }, 0, "fails"],
])("that it is %j of %j %s", (wanted, value, expected) => {
  expect(verdict({ "context.x": wanted }, { x: value })).toBe(expected);
});

test.each([
  [{ "context.x": "eu" }, "missing"],
  [{ "context.x": { not: "eu" } }, "missing"],
  [{ "context.x.y": "eu" }, "missing"],
  [{ "context.x": { exists: false } }, "holds"],
  [{ "context.x": { exists: true } }, "fails"],
  [{ "context.x": { exists: true, gt: 5 } }, "fails"],
  [{ "context.toString": { exists: true } }, "fails"],
  [{ "context.x": "eu", "identity.metadata.team": "red" }, "missing"],
  [{ "identity.metadata.team": "red", "context.x": "eu" }, "missing"],
  [{ "identity.metadata.team": "blue" }, "holds"],
  [{ "identity.id.length": 3 }, "missing"],
  [{ "identity.roles.0": "reader" }, "missing"],
  [{}, "holds"],
])("without x, %j %s", (condition, expected) => {
  expect(verdict(condition)).toBe(expected);
});

test.each([
  ["eu", 7, /of type number and must be string/],
  [7, "7", /of type string and must be number/],
  [true, "true", /must be boolean/],
  ["eu", ["eu"], /a list and must be string/],
  [null, {}, /must be a single value/],
  [{ in: ["a", 1] }, true, /must be string or number/],
  [{ not: 5 }, "5", /must be number/],
  [{ gt: 5 }, "6", /must be a number/],
  [{ between: [1, 2] }, null, /is null and must be a number/],
  [{ matches_glob: "*" }, 7, /must be text/],
  [{ time_of_day: { from: "00:00", to: "12:00" } }, 0.5, /whole number of milliseconds/],
  [{ day_of_week: { days: ["thu"] } }, 1e300, /whole number of milliseconds/],
  [{ exists: true, gt: 5 }, "6", /must be a number/],
  ["eu", "x".repeat(4_097), /longer than 4096/],
])("whether it is %j of a value of another kind cannot be told", (wanted, value, what) => {
  const told = verdict({ "context.y": "z", "context.x": wanted }, { x: value });
  expect(told).toEqual({ what: expect.stringMatching(what) });
});
