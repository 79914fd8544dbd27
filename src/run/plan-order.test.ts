import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePlan } from "./plan.ts";
import type { Plan } from "./plan-schema.ts";
import { capableAgents, ready, type TaskEnd } from "./plan-order.ts";

function plan(rest: string): Plan {
  return parsePlan({ text: `version: 1\nname: n\nagent_id: a\n${rest}`, file: "plan.yaml" });
}

function after(when: string): Plan {
  return plan(`tasks: [{id: a, run: x}, {id: b, run: x}, {id: c, run: x, after: [a, b], when: ${when}}]`);
}

function ends(
  outcomes: Readonly<Record<string, TaskEnd["outcome"] | TaskEnd>>,
): ReadonlyMap<string, TaskEnd> {
  return new Map(
    Object.entries(outcomes).map(([id, end]) => [id, typeof end === "string" ? { outcome: end } : end]),
  );
}

function success(found: TaskEnd["result"]): TaskEnd {
  return { outcome: "success", result: found ?? null };
}

describe("What is ready", () => {
  test("goes by urgency, then as the plan has it", () => {
    const tasks = plan(
      "tasks: [{id: a, run: x, priority: low}, {id: b, run: x}, {id: c, run: x, priority: critical}, {id: d, run: x}, {id: e, run: x, priority: high}]",
    );
    expect(ready(tasks, new Map())).toEqual({ start: ["c", "e", "b", "d", "a"], skip: [] });
  });

  test("waits for all that comes before", () => {
    expect(ready(after("success"), ends({ a: "success" }))).toEqual({ start: ["b"], skip: [] });
    expect(ready(after("success"), ends({ a: "failed" })).skip).toEqual([]);
  });

  test("by default needs every one before it to have succeeded", () => {
    expect(ready(after("success"), ends({ a: "success", b: "success" })).start).toEqual(["c"]);
    expect(ready(after("success"), ends({ a: "success", b: "cancelled" })).skip).toEqual([
      { id: "c", why: "b ended as cancelled" },
    ]);
  });

  test("with `failed` needs one that failed or timed out, with `always` nothing", () => {
    expect(ready(after("failed"), ends({ a: "success", b: "timeout" })).start).toEqual(["c"]);
    expect(ready(after("failed"), ends({ a: "success", b: "cancelled" })).skip.map(({ id }) => id)).toEqual([
      "c",
    ]);
    expect(ready(after("always"), ends({ a: "failed", b: "cancelled" })).start).toEqual(["c"]);
  });

  test("with a condition looks at that task's outcome and result alone", () => {
    const outcome = after("{task: a, outcome: [failed, timeout]}");
    expect(ready(outcome, ends({ a: "timeout", b: "failed" })).start).toEqual(["c"]);
    expect(ready(outcome, ends({ a: "success", b: "failed" })).skip[0]?.why).toMatch(/condition on a/);
    const result = after("{task: a, result: {changed: true, files: [1]}}");
    expect(
      ready(result, ends({ a: success({ changed: true, files: [1], more: 2 }), b: "success" })).start,
    ).toEqual(["c"]);
    for (const found of [
      { changed: true },
      { changed: true, files: [1, 2] },
      { changed: 1, files: [1] },
      "x",
      null,
    ]) {
      expect(ready(result, ends({ a: success(found), b: "success" })).start).toEqual([]);
    }
    const both = after("[{task: a, outcome: failed}, {task: b, outcome: failed}]");
    expect(ready(both, ends({ a: "failed", b: "success" })).start).toEqual([]);
    expect(ready(both, ends({ a: "failed", b: "failed" })).start).toEqual(["c"]);
  });

  test("ends any plan: followed to its end, every task is started or skipped once", () => {
    const shape = fc.array(
      fc.tuple(fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), fc.constantFrom("success", "always")),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(
        shape,
        fc.infiniteStream(fc.constantFrom<TaskEnd["outcome"]>("success", "failed")),
        (tasks, fates) => {
          const lines = tasks.map(([before, when], index) => {
            const ids = before.filter((one) => one < index).map((one) => `t${one}`);
            return `{id: t${index}, run: x, after: [${ids.join(", ")}], when: ${when}}`;
          });
          const made = plan(`tasks: [${lines.join(", ")}]`);
          const outcomes = new Map<string, TaskEnd>();
          while (outcomes.size < tasks.length) {
            const { start, skip } = ready(made, outcomes);
            expect(start.length + skip.length).toBeGreaterThan(0);
            for (const id of start) outcomes.set(id, { outcome: fates.next().value ?? "success" });
            for (const { id } of skip) outcomes.set(id, { outcome: "cancelled" });
          }
          expect(ready(made, outcomes)).toEqual({ start: [], skip: [] });
        },
      ),
    );
  });
});

test("Capable is who has all capabilities, and a command where there is a prompt", () => {
  const agents = `agents:
  - {id: a, capabilities: [x]}
  - {id: b, capabilities: [x, y], command: [agent, "{{prompt}}"]}
  - {id: c, command: [agent, "{{prompt}}"]}
tasks:
  - {id: both, run: r, capabilities: [x, y]}
  - {id: one, run: r, capabilities: [x]}
  - {id: named, run: r, capabilities: [x], agent: a}
  - {id: asked, prompt: p, capabilities: [x]}
  - {id: any, prompt: p}
  - {id: nobody, run: r}
`;
  const made = plan(agents);
  const found = made.tasks.map((task) => [
    task.id,
    capableAgents(made, task)
      .map(({ id }) => id)
      .join(" "),
  ]);
  expect(Object.fromEntries(found)).toEqual({
    both: "b",
    one: "a b",
    named: "a",
    asked: "b",
    any: "b c",
    nobody: "",
  });
});
