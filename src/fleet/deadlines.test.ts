import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines } from "./deadlines.ts";

const change = fc.tuple(fc.nat(20), fc.option(fc.nat(50)));

test("what is due is told by time and id, and the next deadline is the earliest, after any changes", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80, size: "max" }), fc.nat(50), (changes, now) => {
      const deadlines = new Deadlines();
      const plain = new Map<string, number>();
      for (const [number, time] of changes) {
        const id = `id${number}`;
        if (time === null) {
          deadlines.clear(id);
          plain.delete(id);
        } else {
          deadlines.set(id, time);
          plain.set(id, time);
        }
        expect(deadlines.of(id)).toBe(time);
      }
      expect(deadlines.next()).toBe(plain.size === 0 ? null : Math.min(...plain.values()));
      const due = [...plain]
        .filter(([, time]) => time <= now)
        .sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
        .map(([id]) => id);
      expect(deadlines.due(now, 100)).toEqual(due);
      const some = deadlines.due(now, 2);
      expect(some).toHaveLength(Math.min(2, due.length));
      expect(plain.get(some[0] ?? "")).toBe(plain.get(due[0] ?? ""));
    }),
  );
});
