// Writes schema/plan.schema.json, the plan's JSON Schema for editors, from the schema plans are checked with.
// A test fails when the file is stale.
import { writeFileSync } from "node:fs";
import { planJsonSchema } from "../src/run/plan-schema.ts";

const file = new URL("../schema/plan.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(planJsonSchema(), null, 2)}\n`);
