import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planJsonSchema } from "./plan-schema.ts";

test("The published JSON Schema is the one plans are checked with (else: node scripts/plan-schema.ts)", () => {
  const file = new URL("../../schema/plan.schema.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(planJsonSchema())));
});

test("Every key of the JSON Schema is described", () => {
  const undescribed: string[] = [];
  const look = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, member] of Object.entries(schema)) {
      if (key === "properties") {
        for (const [name, field] of Object.entries(member as Record<string, { description?: string }>)) {
          if (field.description === undefined) undescribed.push(`${path}.${name}`);
        }
      }
      look(member, `${path}.${key}`);
    }
  };
  look(planJsonSchema(), "");
  expect(undescribed).toEqual([]);
});
