import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputLines } from "./output-lines.ts";

test("lines are the same however the output was cut into pieces", () => {
  const piece = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r\n"), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const lines = new OutputLines();
      const found = pieces.flatMap((one) => lines.push(one));
      const rest = lines.end();
      const expected = pieces.join("").split(/\r?\n/);
      const last = expected.pop();
      expect([...found, rest]).toEqual([...expected, last === "" ? null : last]);
    }),
  );
});

test("a carriage return writes a line over, and what stands last is what is shown", () => {
  const lines = new OutputLines();
  expect(lines.push("10%\r50%\r")).toEqual([]);
  expect(lines.last).toBe("50%");
  expect(lines.push("90%\rdone\n\n")).toEqual(["done", ""]);
  expect(lines.last).toBe("done");
});

test("a line that never ends does not fill the memory", () => {
  const lines = new OutputLines();
  for (let round = 0; round < 100; round += 1) lines.push("x".repeat(1_000));
  expect(lines.last.length).toBe(4_096);
});
