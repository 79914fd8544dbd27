import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonFault } from "./json-scan.ts";

test.each([
  '{"a":1,"a":2}',
  String.raw`{"a":1,"\u0061":2}`,
  '[{"b":{}},{"x":[{"a":1,"b":{"a":1},"a":2}]}]',
  String.raw`{"a\"":1,"a\"":2}`,
  '{"":1,"":2}',
])("a key that stands twice is found in %s", (text) => {
  expect(jsonFault(text, 64)).toMatch(/twice/);
});

test.each([
  '{"a":"a","b":["a","a"]}',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":1}]',
  String.raw`{"a":"\\","b":"{\"a\":1"}`,
])("no key stands twice in %s", (text) => {
  expect(jsonFault(text, 64)).toBeNull();
});

test("nesting is bounded before anything is parsed", () => {
  expect(jsonFault("[".repeat(64) + "]".repeat(64), 64)).toBeNull();
  expect(jsonFault("[".repeat(65), 64)).toMatch(/deeper than 64/);
  expect(jsonFault('{"a":'.repeat(100_000), 64)).toMatch(/deeper/);
});

test("what JSON.stringify writes has no fault, and text that is no JSON does not stop it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
      expect(jsonFault(JSON.stringify(value), 64)).toBeNull();
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "a") }),
      (text) => {
        const fault = jsonFault(text, 64);
        expect(fault === null || fault.endsWith(".")).toBe(true);
      },
    ),
  );
});
