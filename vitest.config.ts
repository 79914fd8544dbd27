import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/closing-line.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    reporters: ["default", new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
  },
});
