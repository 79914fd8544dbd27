import * as fc from "fast-check";
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { parsePlan, PlanError, type PlanFault } from "./plan.ts";

const HEAD = "version: 1\nname: audit\nagent_id: oracle1\n";
const EXAMPLE = `version: 1
name: repo-audit
agent_id: oracle1
tags: [audit]
limits: {max_tasks: 50, task_timeout_seconds: 300, session_timeout_seconds: 3600, concurrency: 2}
env: {LANG: C}
secrets: [GITHUB_TOKEN]
agents:
  - {id: counter, capabilities: [count], concurrency: 2, command: [sh, -c, "{{prompt}}"]}
tasks:
  - {id: lines, capabilities: [count], run: "git ls-files | xargs wc -l | tail -n 1"}
  - {id: todo, agent: counter, prompt: "grep -rn TODO src | wc -l", after: [lines], retries: {max: 2, on: [failed, timeout], backoff_seconds: 1}}
`;

function faultsOf(text: string, environment?: Readonly<Record<string, string>>): readonly PlanFault[] {
  try {
    parsePlan({ text, file: "plan.yaml", ...(environment === undefined ? {} : { environment }) });
    return [];
  } catch (cause) {
    if (cause instanceof PlanError) return cause.faults;
    throw cause;
  }
}

/** The faults of a plan with this after its head, as `line: what`. */
function inPlan(rest: string): readonly string[] {
  return faultsOf(HEAD + rest).map(({ line, what }) => `${line - 3}: ${what}`);
}

function inTasks(...tasks: readonly string[]): readonly string[] {
  return inPlan(`tasks:\n${tasks.map((task) => `  - ${task}\n`).join("")}`);
}

describe("A plan", () => {
  test("that is right is read, with its defaults", () => {
    const plan = parsePlan({ text: EXAMPLE, file: "plan.yaml", environment: { GITHUB_TOKEN: "hunter22" } });
    expect(plan.tasks[1]).toEqual({
      id: "todo",
      capabilities: [],
      agent: "counter",
      prompt: "grep -rn TODO src | wc -l",
      after: ["lines"],
      when: "success",
      retries: { max: 2, on: ["failed", "timeout"], backoff_seconds: 1 },
      env: {},
      priority: "normal",
      artifacts: [],
      data: {},
    });
    expect(plan).toMatchObject({ emit_tiles: true, metadata: {} });
    const small = parsePlan({ text: `${HEAD}tasks: [{id: a, run: x}]`, file: "plan.yaml", cores: 7 });
    expect(small.limits).toEqual({
      max_tasks: 50,
      task_timeout_seconds: 300,
      session_timeout_seconds: 3600,
      concurrency: 7,
    });
  });

  test("names every fault with file, line, column, path and what to write, in one error", () => {
    const text = `${HEAD}tag: [x]\nlimits: {maxTasks: 2}\ntasks:\n  - {id: a, run: x, agent: b, bogus: 1}\n`;
    const error = (() => {
      try {
        return parsePlan({ text, file: "dir/plan.yaml" });
      } catch (cause) {
        return cause;
      }
    })();
    expect(error).toBeInstanceOf(PlanError);
    const { code, message, faults } = error as PlanError;
    expect(code).toBe("invalid_plan");
    expect(message).toContain("dir/plan.yaml:4: tag is not a key of a plan. Did you mean tags? Write that.");
    expect(message).toContain(
      "dir/plan.yaml:5: limits.maxTasks is not a key of a plan. Did you mean max_tasks?",
    );
    expect(faults.map(({ line, column, path }) => [line, column, path])).toEqual([
      [4, 1, "tag"],
      [5, 10, "limits.maxTasks"],
      [7, 28, "tasks[0].agent"],
      [7, 31, "tasks[0].bogus"],
    ]);
  });

  test("that is not YAML, or not one document, is refused where it breaks", () => {
    expect(inPlan("tasks: [")).toEqual([expect.stringMatching(/^\d: This is not YAML/)]);
    expect(inPlan("name: again\ntasks: [{id: a, run: x}]")).toEqual([
      "1: The key stands here a second time.",
    ]);
    expect(inPlan("tasks: [{id: a, run: x}]\n---\n{}")).toEqual([
      expect.stringMatching(/^\d: This is not YAML/),
    ]);
    expect(inPlan("tasks: [{id: a, run: !!js x}]")).toEqual([expect.stringMatching(/^1: This is not YAML/)]);
    expect(faultsOf("")).toMatchObject([{ line: 1, what: "The plan is empty." }]);
    expect(faultsOf("just text")).toMatchObject([{ line: 1, what: "The plan is a text that does not fit." }]);
  });

  test("cannot grow by aliases, depth or size", () => {
    const bomb = Array.from({ length: 9 }, (_, index) => {
      const items =
        index === 0
          ? "x"
          : Array(9)
              .fill(`*b${index - 1}`)
              .join(", ");
      return `  k${index}: &b${index} [${items}]\n`;
    });
    expect(inPlan(`metadata:\n${bomb.join("")}tasks: [{id: a, run: x}]`)).toEqual([
      expect.stringMatching(/cannot be read.*alias/i),
    ]);
    expect(inPlan(`metadata: {a: ${"[".repeat(20_000)}${"]".repeat(20_000)}}`)[0]).toMatch(
      /nested too deeply/,
    );
    expect(inPlan(`metadata: {a: ${"[".repeat(70)}${"]".repeat(70)}}\ntasks: [{id: a, run: x}]`)[0]).toMatch(
      /deeper/,
    );
    expect(faultsOf("#".repeat(1024 * 1024 + 1))).toMatchObject([
      { what: expect.stringMatching(/more than 1048576/) },
    ]);
    expect(inPlan("metadata: {__proto__: {x: 1}}\ntasks: [{id: a, run: x}]")[0]).toBe(
      "1: The key __proto__ is not allowed.",
    );
  });

  test("never makes anything but a plan error of any YAML", () => {
    const keys = fc.constantFrom(
      "version",
      "name",
      "tasks",
      "agents",
      "limits",
      "id",
      "run",
      "when",
      "after",
      "env",
      "x",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, -1, "a", "", null, true, Number.NaN, "{{tasks.a.result}}", "{{"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 6 }),
      ),
    }));
    const text = fc.oneof(
      fc.string(),
      tree.map((value) => stringify(value)),
      fc.string().map((tail) => EXAMPLE + tail),
    );
    fc.assert(
      fc.property(text, (plan) => {
        for (const { line, what, todo } of faultsOf(plan)) {
          expect(line).toBeGreaterThan(0);
          expect(what && todo).toBeTruthy();
        }
      }),
    );
  });
});

describe("A plan is refused for", () => {
  test("what is missing, of another type or out of its bounds", () => {
    expect(faultsOf("tasks: []").map(({ what }) => what)).toEqual([
      "version is missing.",
      "name is missing.",
      "agent_id is missing.",
      "tasks is a list of 0.",
    ]);
    expect(
      inPlan(
        "limits: {concurrency: 0, task_timeout_seconds: .nan, max_tasks: 1.5}\ntasks: [{id: a, run: x}]",
      ),
    ).toEqual([
      "1: limits.concurrency is 0.",
      "1: limits.task_timeout_seconds is NaN.",
      "1: limits.max_tasks is 1.5.",
    ]);
    expect(inTasks("{run: x}", "{id: 1, run: x}", "{id: ../a, run: x}", "{id: b, run: 3}")).toEqual([
      "2: tasks[0].id is missing.",
      "3: tasks[1].id is 1.",
      "4: tasks[2].id is a text that does not fit.",
      "5: tasks[3].run is 3.",
    ]);
  });

  test("a version it does not know", () => {
    expect(faultsOf(EXAMPLE.replace("version: 1", "version: 2"))).toMatchObject([
      { line: 1, what: "version is 2.", todo: "Write version: 1." },
    ]);
  });

  test("an id that stands twice, also in another letter case", () => {
    expect(inTasks("{id: a, run: x}", "{id: A, run: x}")).toEqual([
      expect.stringMatching(/^3: The id A stands at tasks\[0\]/),
    ]);
    expect(inPlan("agents: [{id: g}, {id: g}]\ntasks: [{id: a, run: x}]")).toEqual([
      expect.stringMatching(/agents\[0\]/),
    ]);
  });

  test("an order that cannot be", () => {
    expect(inTasks("{id: a, run: x, after: [z]}")).toEqual(["2: No task has the id z."]);
    expect(inTasks("{id: a, run: x, after: [a]}")).toEqual(["2: These tasks wait for each other: a → a."]);
    expect(
      inTasks(
        "{id: s, run: x}",
        "{id: a, run: x, after: [s, c]}",
        "{id: b, run: x, after: [a]}",
        "{id: c, run: x, after: [b]}",
      ),
    ).toEqual(["3: These tasks wait for each other: a → c → b → a."]);
  });

  test("work that is missing, double, or nobody's", () => {
    expect(inTasks("{id: a}")).toEqual(["2: a has neither `run` nor `prompt`."]);
    expect(
      inPlan('agents: [{id: g, command: [x, "{{prompt}}"]}]\ntasks: [{id: a, run: x, prompt: y}]'),
    ).toEqual(["2: a has both `run` and `prompt`."]);
    expect(inTasks("{id: a, run: x, agent: g}")).toEqual(["2: No agent has the id g."]);
    expect(inTasks("{id: a, run: x, capabilities: [fly, swim]}")).toEqual(["2: No agent can do fly, swim."]);
    expect(
      inPlan(
        "agents: [{id: g, capabilities: [fly]}]\ntasks: [{id: a, run: x, agent: g, capabilities: [swim]}]",
      ),
    ).toEqual(["2: The agent g cannot do all of swim."]);
    expect(inPlan("agents: [{id: g}]\ntasks: [{id: a, agent: g, prompt: x}]")).toEqual([
      "2: The agent g has no command for the prompt of a.",
    ]);
    expect(inTasks("{id: a, prompt: x}")).toEqual([
      "2: No agent that could do a has a command for its prompt.",
    ]);
    expect(inPlan("agents: [{id: g, command: [x]}]\ntasks: [{id: a, prompt: x}]")).toEqual([
      "1: The command of g does not take its prompt.",
    ]);
  });

  test("more tasks than it allows itself", () => {
    expect(inPlan("limits: {max_tasks: 1}\ntasks:\n  - {id: a, run: x}\n  - {id: b, run: x}")).toEqual([
      "4: The plan has 2 tasks; limits.max_tasks is 1.",
    ]);
  });

  test("conditions that mean nothing", () => {
    expect(inTasks("{id: a, run: x, when: failed}")).toEqual(["2: when: failed has no task to look at."]);
    expect(inTasks("{id: a, run: x}", "{id: b, run: x, when: {task: a, outcome: failed}}")).toEqual([
      "3: a does not come before b.",
    ]);
    expect(inTasks("{id: a, run: x}", "{id: b, run: x, after: [a], when: {task: a}}")).toEqual([
      "3: The condition asks for nothing.",
    ]);
    expect(inTasks("{id: a, run: x, when: maybe}")).toEqual([
      "2: tasks[0].when is a text that does not fit.",
    ]);
  });

  test("variables and secrets that cannot be", () => {
    expect(inPlan("env: {HOLODECK_HOME: x, 1A: y, B: 3}\ntasks: [{id: a, run: x}]").length).toBe(2);
    expect(inPlan("env: {HOLODECK_HOME: x}\ntasks: [{id: a, run: x}]")).toEqual([
      "1: HOLODECK_HOME is set by holodeck itself.",
    ]);
    expect(inPlan("secrets: [not-a-name]\ntasks: [{id: a, run: x}]")[0]).toMatch(/secrets\[0\] is a text/);
    expect(inPlan("secrets: [KEY]\ntasks: [{id: a, run: x, env: {KEY: x}}]")[0]).toMatch(
      /declared as a secret too/,
    );
    expect(faultsOf(EXAMPLE, {})).toMatchObject([{ line: 7, what: "GITHUB_TOKEN is not set." }]);
    expect(faultsOf(EXAMPLE, { GITHUB_TOKEN: "abc" })).toMatchObject([
      { what: expect.stringMatching(/fewer than 4/) },
    ]);
  });

  test("more texts, other texts and more data than its session would take", () => {
    const many = JSON.stringify(Array.from({ length: 101 }, (_, index) => `t${index}`));
    expect(inPlan(`tags: ${many}\ntasks: [{id: a, run: x}]`)).toEqual(["1: tags is a list of 101."]);
    expect(inPlan(`agents: [{id: b, capabilities: ${many}}]\ntasks: [{id: a, run: x}]`)).toHaveLength(1);
    expect(inPlan('tags: ["a\\u0007b", "  "]\ntasks: [{id: a, run: x}]')).toEqual([
      "1: tags[0] is a text that does not fit.",
      "1: tags[1] is a text that does not fit.",
    ]);
    expect(inTasks(`{id: a, run: x, data: {k: ${"x".repeat(70_000)}}}`)[0]).toMatch(/the limit is 57344/);
    expect(inPlan(`metadata: {k: ${"x".repeat(70_000)}}\ntasks: [{id: a, run: x}]`)).toHaveLength(1);
  });

  test("artifacts outside the task's folder", () => {
    expect(inTasks("{id: a, run: x, artifacts: [../x, /etc/passwd, out/..x]}")).toEqual([
      "2: a wants an artifact outside its folder.",
      "2: a wants an artifact outside its folder.",
    ]);
  });
});
