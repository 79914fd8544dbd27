import { test } from "vitest";
import { storeSuite } from "../testing/store-suite.ts";
import { MemoryStore } from "./memory.ts";

for (const { name, run } of storeSuite) test(name, () => run(async () => new MemoryStore()));
