import fc from "fast-check";
import { expect, test } from "vitest";
import { faultOfName, RESOURCE_LENGTH_MAX, resourceId } from "./name.ts";

test.each([
  ["an empty text", ""],
  ["a star", "axis.*"],
  ["NUL", "axis\0"],
  ["a line break", "axis\n"],
  ["a way out of a folder", "files/../secrets"],
  ["a way out at the front", "../secrets"],
  ["a way out by backslashes", "..\\secrets"],
  ["a prototype key", "__proto__"],
  ["a prototype key as a segment", "axis.constructor.x"],
  ["a double quote", 'axis"'],
  ["a quote", "x' or 'a' = 'a"],
  ["a blank behind", "admin "],
  ["a blank that is no space", "admin\u00a0x"],
  ["a character that cannot be seen", "ad\u200bmin"],
  ["a reversal of direction", "ad\u202emin"],
  ["full-width letters", "ａdmin"],
  ["a combining accent with a letter of its own", "e\u0301"],
  ["half of a surrogate pair", "a\ud800"],
  ["a megabyte", "a".repeat(1_000_000)],
  ["a number", 7],
  ["null", null],
])("%s is no name", (_, value) => {
  expect(faultOfName(value)).not.toBeNull();
});

test.each(["axis.temperature.room1", "session:sess_1/tasks/t-1", "α-centauri", "two words", "a..b", "50%"])(
  "%s is a name",
  (value) => {
    expect(faultOfName(value)).toBeNull();
  },
);

test("a foreign id stays inside its segment", () => {
  expect(resourceId("session", "a/b", "tasks", "*.c")).toBe("session:a%2Fb/tasks/%2A%2Ec");
  expect(resourceId("file", "..")).toBe("file:%2E%2E");
  expect(resourceId("kind", "__proto__")).toBe("kind:%5F%5F%70%72%6F%74%6F%5F%5F");
});

test("every text of 256 characters has a resource id, and different texts have different ones", () => {
  const text = fc.string({ unit: "binary", maxLength: 256 }).filter((one) => one.length <= 256);
  fc.assert(
    fc.property(text, text, (a, b) => {
      const one = resourceId("task", a);
      expect(faultOfName(one, RESOURCE_LENGTH_MAX)).toBeNull();
      expect(one.slice("task:".length)).not.toMatch(/[./]/);
      expect(one === resourceId("task", b)).toBe(a === b);
    }),
  );
});
