import { expect, test } from "vitest";
import { runOutcome } from "./outcome.ts";
import type { TaskEnd } from "./plan-order.ts";
import { parsePlan } from "./plan.ts";

/** How a run ends whose task `work` ended so, with one task after it that succeeded. */
function outcomeWith(when: string, work: TaskEnd["outcome"], care: TaskEnd["outcome"] = "success"): string {
  const text = `
version: 1
name: test
agent_id: oracle1
tasks:
  - {id: work, run: "true"}
  - {id: care, after: [work], when: ${when}, run: "true"}`;
  const plan = parsePlan({ text, file: "plan.yaml", environment: {}, cores: 1 });
  return runOutcome(
    plan,
    new Map([
      ["work", { outcome: work }],
      ["care", { outcome: care }],
    ]),
  );
}

test("what runs only when a task went wrong makes it good, by having succeeded", () => {
  expect(outcomeWith("failed", "failed")).toBe("success");
  expect(outcomeWith("failed", "timeout")).toBe("success");
  expect(outcomeWith("{task: work, outcome: timeout}", "timeout")).toBe("success");
  expect(outcomeWith("{task: work, outcome: [failed, timeout]}", "failed")).toBe("success");
  expect(outcomeWith("failed", "failed", "failed")).toBe("failed");
});

test("what runs however a task ended makes nothing good", () => {
  expect(outcomeWith("always", "failed")).toBe("failed");
  expect(outcomeWith("always", "timeout")).toBe("failed");
  expect(outcomeWith("{task: work, outcome: [success, failed, timeout]}", "failed")).toBe("failed");
  expect(outcomeWith("{task: work, result: null}", "failed")).toBe("failed");
});

test("a task that runs always is itself to succeed", () => {
  expect(outcomeWith("always", "success")).toBe("success");
  expect(outcomeWith("always", "success", "failed")).toBe("failed");
});
