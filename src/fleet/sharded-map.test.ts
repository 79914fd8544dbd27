import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ShardedMap, shardOf } from "./sharded-map.ts";

test("it holds what a Map holds, whatever comes and goes", () => {
  const step = fc.tuple(fc.constantFrom("set", "delete"), fc.string({ maxLength: 20 }), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
      const sharded = new ShardedMap<number>();
      const plain = new Map<string, number>();
      for (const [type, key, value] of steps) {
        if (type === "set") {
          sharded.set(key, value);
          plain.set(key, value);
        } else expect(sharded.delete(key)).toBe(plain.delete(key));
        expect([sharded.size, sharded.has(key), sharded.get(key)]).toEqual([
          plain.size,
          plain.has(key),
          plain.get(key),
        ]);
      }
      expect(new Map(sharded)).toEqual(plain);
      expect([...sharded.keys()].sort()).toEqual([...plain.keys()].sort());
      expect([...sharded.values()].sort((a, b) => a - b)).toEqual([...plain.values()].sort((a, b) => a - b));
    }),
  );
});

test("names that are counted up are spread evenly, so that no part is laid out anew for all", () => {
  const names = Array.from({ length: 25_600 }, (_, number) => `session-1/task-${number}`);
  const counts = new Map<number, number>();
  for (const name of names) counts.set(shardOf(name), (counts.get(shardOf(name)) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBeLessThan(200);
});
