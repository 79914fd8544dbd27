import { expect, test } from "vitest";
import { assertPlainJson, JSON_DEPTH_MAX } from "./json.ts";

function faultOf(value: unknown): unknown {
  try {
    assertPlainJson(value, "data");
    return null;
  } catch (error) {
    return error instanceof Error && "what" in error ? error.what : error;
  }
}

test("what contains itself is named by one round", () => {
  const self: Record<string, unknown> = {};
  self["o"] = self;
  expect(faultOf(self)).toBe("data.o contains itself.");
  const parent: Record<string, unknown> = { children: [] };
  parent["children"] = [1, { parent }];
  expect(faultOf({ tree: parent })).toMatch(/^data\.tree.*parent.* contains itself\.$/);
  expect(String(faultOf({ tree: parent })).length).toBeLessThan(80);
});

test("what is nested too deep without containing itself is told as deep", () => {
  let value: unknown = [];
  for (let depth = 1; depth < JSON_DEPTH_MAX; depth++) value = [value];
  expect(faultOf(value)).toBeNull();
  expect(faultOf([value])).toContain(`is nested deeper than ${JSON_DEPTH_MAX}.`);
});

test("one object in two places is no fault", () => {
  const shared = { x: 1 };
  expect(faultOf({ a: shared, b: [shared, shared] })).toBeNull();
});
