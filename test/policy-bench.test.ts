import { expect, test } from "vitest";
import { benchPolicy } from "../bench/policy.ts";

test("every engine that is installed gives the same answers, and is measured", async () => {
  const { engines } = await benchPolicy({ sizes: [10, 50], rounds: 1, roundMs: 1 });
  const measured = engines.filter(({ perSecond }) => perSecond.every((one) => one !== null && one > 0));
  expect(measured.map(({ engine }) => engine)).toEqual(
    expect.arrayContaining([
      "holodeck",
      "holodeck, decision id given",
      "cedar-wasm, preparsed",
      "holodeck, policies in Cedar",
    ]),
  );
});
