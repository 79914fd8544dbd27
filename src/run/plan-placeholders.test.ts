import { describe, expect, test } from "vitest";
import { parsePlan, PlanError } from "./plan.ts";

/** The faults of a plan with this after its head, as `line: what`. */
function inPlan(rest: string): readonly string[] {
  try {
    parsePlan({ text: `version: 1\nname: n\nagent_id: a\n${rest}`, file: "plan.yaml" });
    return [];
  } catch (cause) {
    if (!(cause instanceof PlanError)) throw cause;
    return cause.faults.map(({ line, what }) => `${line - 3}: ${what}`);
  }
}

function inTasks(...tasks: readonly string[]): readonly string[] {
  return inPlan(`tasks:\n${tasks.map((task) => `  - ${task}\n`).join("")}`);
}

describe("A placeholder", () => {
  const shell = 'agents: [{id: g, command: [sh, -c, "{{ prompt }}"]}]\n';
  const safe = 'agents: [{id: g, command: [sh, -c, \'echo "$1"\', sh, "{{prompt}}"]}]\n';
  const prompt = 'tasks: [{id: a, run: x}, {id: b, agent: g, after: [a], prompt: "{{tasks.a.result}}"}]';

  test("passes a result as an argument, or in a prompt that is an argument", () => {
    expect(inTasks("{id: a, run: x}", '{id: b, run: [echo, "{{tasks.a.result}}"], after: [a]}')).toEqual([]);
    expect(inPlan(safe + prompt)).toEqual([]);
    expect(inPlan(`agents: [{id: g, command: [agent, --file, "{{prompt_file}}"]}]\n${prompt}`)).toEqual([]);
  });

  test("never pastes a result into a shell line", () => {
    expect(inTasks("{id: a, run: x}", '{id: b, run: "echo {{tasks.a.result}}", after: [a]}')).toEqual([
      "3: {{tasks.a.result}} is never pasted into a shell line.",
    ]);
    expect(inTasks("{id: a, run: x}", '{id: b, run: [sh, -c, "{{tasks.a.result}}"], after: [a]}')).toEqual([
      "3: {{tasks.a.result}} would be pasted into a line that sh runs.",
    ]);
    expect(inPlan(shell + prompt)).toEqual([expect.stringMatching(/would become code: sh runs the prompt/)]);
  });

  test("of a prompt may be a whole shell line, but not a part of one", () => {
    const task = "tasks: [{id: a, agent: g, prompt: ls}]";
    expect(inPlan(shell + task)).toEqual([]);
    expect(inPlan(shell.replace("{{ prompt }}", "grep {{prompt}} src") + task)).toEqual([
      "1: {{prompt}} would be pasted into a line that sh runs.",
    ]);
    expect(inPlan(shell.replace("{{ prompt }}", "cat {{prompt_file}}") + task)[0]).toMatch(
      /pasted into a line/,
    );
  });

  test("names a task that comes before, however far", () => {
    const far = ["{id: a, run: x}", "{id: b, run: x, after: [a]}"];
    expect(inTasks(...far, '{id: c, run: [echo, "{{tasks.a.result}}"], after: [b]}')).toEqual([]);
    expect(inTasks(...far, '{id: c, run: [echo, "{{tasks.b.result}}"], after: [a]}')).toEqual([
      "4: b does not come before c.",
    ]);
    expect(inTasks('{id: c, run: [echo, "{{tasks.zz.result}}"]}')).toEqual([
      "2: {{tasks.zz.result}} names no task of the plan.",
    ]);
  });

  test("that is unknown is refused where it would be filled, and left alone in a shell line", () => {
    expect(inTasks('{id: a, run: [echo, "{{nope}}"]}')).toEqual(["2: {{nope}} is not filled here."]);
    expect(inTasks('{id: a, run: [echo, "{{{{nope}}"]}')).toEqual([]);
    expect(inTasks(`{id: a, run: "docker ps --format '{{.Names}}'"}`)).toEqual([]);
    expect(inTasks('{id: a, run: ["{{tasks.a.result}}"]}')[0]).toMatch(/does not come before/);
  });
});
