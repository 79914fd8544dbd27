import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesGlob, parseGlob } from "./glob.ts";

const matches = (pattern: string, text: string): boolean => matchesGlob(parseGlob(pattern, "glob"), text);

test("a star stands for any run of characters, also an empty one", () => {
  expect(matches("a*c", "ac")).toBe(true);
  expect(matches("a*c", "a/b.c")).toBe(true);
  expect(matches("a*c", "abcd")).toBe(false);
  expect(matches("*", "")).toBe(true);
  expect(matches("ab*ba", "aba")).toBe(false);
});

test("a backslash takes the next character as it is", () => {
  expect(matches(String.raw`a\*`, "a*")).toBe(true);
  expect(matches(String.raw`a\*`, "ab")).toBe(false);
  expect(matches(String.raw`\?\\`, "?\\")).toBe(true);
});

test.each(["a?c", "[ab]", "{a,b}", "a\\", "", "a".repeat(257), 7])("the pattern %j is refused", (pattern) => {
  expect(() => parseGlob(pattern, "glob")).toThrow(/glob is .*Write/);
});

test("it matches what the same regular expression matches", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, one) => {
      expect(matches(glob, one)).toBe(new RegExp(`^${glob.replaceAll("*", "[^]*")}$`).test(one));
    }),
    { numRuns: 2_000 },
  );
});

test("the work grows with the text, not with its repetitions", () => {
  expect([unitsRead(1_000), unitsRead(4_000)]).toEqual([1_000, 4_000]);
});

/** A matcher that starts again at each place would read the text many times over. */
function unitsRead(length: number): number {
  const text = "a".repeat(length);
  let units = 0;
  const counted = {
    length,
    startsWith: () => true,
    endsWith: () => true,
    charCodeAt: (index: number) => (units++, text.charCodeAt(index)),
  };
  matchesGlob(parseGlob(`*${"a".repeat(100)}b*${"a".repeat(100)}b*`, "glob"), counted as unknown as string);
  return units;
}
