import fc from "fast-check";
import { expect, test } from "vitest";
import { combineObligations, obligationsOf } from "./obligation.ts";

const term = fc.record({
  delivery: fc.record(
    {
      mask: fc.dictionary(
        fc.constantFrom("name", "place"),
        fc.constantFrom("coarsen", "pseudonym", "redact", "remove"),
      ),
      resolution_ms: fc.nat(9),
      max_items: fc.nat(9),
      decimals: fc.nat(9),
    },
    { requiredKeys: [] },
  ),
  cost: fc.nat(9),
  capabilities: fc.subarray(["read", "sum"]),
});

test("of each, the strictest stays", () => {
  const one = obligationsOf({
    delivery: {
      mask: { name: "redact" },
      resolution_ms: 10,
      delay_ms: 5,
      decimals: 3,
      max_per_second: 2,
      max_items: 9,
    },
    cost: 3,
    capabilities: ["sum"],
  });
  const other = obligationsOf({
    delivery: {
      mask: { name: "coarsen", place: "remove" },
      resolution_ms: 60,
      delay_ms: 1,
      decimals: 1,
      max_per_second: 7,
      max_items: 4,
    },
    cost: 8,
    capabilities: ["read"],
  });
  expect(combineObligations([one, other])).toEqual([
    { kind: "capability", name: "read" },
    { kind: "capability", name: "sum" },
    { kind: "cost", value: 8 },
    { kind: "decimals", value: 1 },
    { kind: "delay_ms", value: 5 },
    { kind: "mask", field: "name", mask: "redact" },
    { kind: "mask", field: "place", mask: "remove" },
    { kind: "max_items", value: 4 },
    { kind: "max_per_second", value: 2 },
    { kind: "resolution_ms", value: 60 },
  ]);
});

test("what costs nothing and hides nothing obliges to nothing", () => {
  expect(obligationsOf({ delivery: {}, cost: 0, capabilities: [] })).toEqual([]);
});

test("neither order nor grouping matters, and again changes nothing", () => {
  fc.assert(
    fc.property(term, term, term, (...terms) => {
      const [a, b, c] = terms.map(obligationsOf) as [never, never, never];
      const all = combineObligations([a, b, c]);
      expect(combineObligations([c, a, b])).toEqual(all);
      expect(combineObligations([a, combineObligations([b, c])])).toEqual(all);
      expect(combineObligations([all, all])).toEqual(all);
    }),
  );
});
