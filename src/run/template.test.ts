import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandFor } from "./command.ts";
import { attemptKey, secretValues, taskEnvironment } from "./environment.ts";
import { parsePlan } from "./plan.ts";
import type { Plan } from "./plan-schema.ts";
import { resultFileName, writeResults } from "./results.ts";
import { codeReader } from "./shell-line.ts";
import { fillArguments, fillText } from "./template.ts";

const HOSTILE = [
  "$(rm -rf /)",
  "`id`",
  "'; id; '",
  '"; id; "',
  "a\nb",
  "-rf",
  "{{prompt}}",
  "{{tasks.a.result}}",
  "$&$1",
  "*",
];

function plan(rest: string): Plan {
  return parsePlan({ text: `version: 1\nname: n\nagent_id: a\n${rest}`, file: "plan.yaml" });
}

describe("Filling", () => {
  test("leaves an argument list as long as it is, and every value as it is", () => {
    const value = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
    );
    fc.assert(
      fc.property(
        value,
        fc.array(fc.constantFrom("plain", "{{tasks.a.result}}", "x={{ tasks.a.result }}!")),
        (result, rest) => {
          const results = new Map([["a", result]]);
          const filled = rest.map((element) => element.split(/\{\{ ?tasks\.a\.result ?\}\}/).join(result));
          expect(fillArguments(["program", ...rest], { results })).toEqual(["program", ...filled]);
        },
      ),
    );
  });

  test("writes a result that is no text as JSON, and {{{{ as {{", () => {
    const results = new Map([["a", { n: [1, null] }]]);
    expect(fillText("{{tasks.a.result}} {{{{x}}", { results })).toBe('{"n":[1,null]} {{x}}');
  });

  test("refuses a result that is missing, and one that holds a NUL", () => {
    expect(() => fillText("{{tasks.a.result}}", { results: new Map() })).toThrow(
      /no value for {{tasks.a.result}}/,
    );
    expect(() => fillText("{{tasks.a.result}}", { results: new Map([["a", "x\0y"]]) })).toThrow(/NUL/);
  });

  test("gives a real program hostile results as they are, through whatever a checked plan allows", () => {
    const made = plan(`agents: [{id: g, command: [sh, -c, 'printf %s "$1"', sh, "{{prompt}}"]}]
tasks:
  - {id: a, run: x}
  - {id: list, after: [a], run: [printf, "%s", "{{tasks.a.result}}"]}
  - {id: line, after: [a], run: [sh, -c, 'printf %s "$1"', sh, "{{tasks.a.result}}"]}
  - {id: agent, after: [a], agent: g, prompt: "{{tasks.a.result}}"}
`);
    for (const result of HOSTILE) {
      for (const task of made.tasks.slice(1)) {
        const agent = task.agent === undefined ? null : made.agents[0]!;
        const { argv } = commandFor({ task, agent, results: new Map([["a", result]]), spoolDir: "/spool" });
        expect(execFileSync(argv[0], argv.slice(1), { encoding: "utf8" })).toBe(result);
      }
    }
  });

  test("gives a shell line its results by file", () => {
    const folder = mkdtempSync(join(tmpdir(), "holodeck-results-"));
    writeResults({ folder: join(folder, "r"), results: new Map([["a.b", { x: "$(id)" }]]) });
    expect(JSON.parse(readFileSync(join(folder, "r", resultFileName("a.b")), "utf8"))).toEqual({
      x: "$(id)",
    });
    rmSync(folder, { recursive: true });
  });

  test("puts a prompt's file in the command where it asks for one", () => {
    const made = plan(
      'agents: [{id: g, command: [agent, --file, "{{prompt_file}}"]}]\ntasks: [{id: a, prompt: hello}]',
    );
    const command = commandFor({
      task: made.tasks[0]!,
      agent: made.agents[0]!,
      results: new Map(),
      spoolDir: "/spool",
    });
    expect(command).toEqual({ argv: ["agent", "--file", "/spool/task/prompt"], prompt: "hello" });
  });
});

describe("An element is code", () => {
  const P = "{{x}}";
  test.each([
    [["sh", "-c", P]],
    [["/bin/bash", "-lc", P]],
    [["bash", "-c", "-o", "pipefail", P]],
    [["env", "A=1", "timeout", "5", "sh", "-ec", P]],
    [["docker", "exec", "box", "sh", "-c", P]],
    [["sh", `-c${P}`]],
    [["python3.12", "-c", P]],
    [["node", `--eval=${P}`]],
    [["node", "-pe", P]],
    [["perl", "-ne", P, "file"]],
    [["ssh", "host", "ls", P]],
    [["awk", P]],
    [["su", "user", "-c", P]],
  ])("in %j", (argv) => {
    const index = argv.findIndex((element) => element.includes(P));
    expect(codeReader(argv, index)).not.toBeNull();
  });

  test.each([
    [["sh", "-c", 'grep "$1" file', "sh", P]],
    [["bash", "script.sh", P]],
    [["python3", "script.py", P]],
    [["my-agent", "-c", P]],
    [["my-agent", "--eval", P]],
    [["grep", "-e", P]],
  ])("not in %j", (argv) => {
    expect(codeReader(argv, argv.indexOf(P))).toBeNull();
  });
});

describe("A task's environment", () => {
  test("is the plan's, the agent's and the task's, in that order, and no more of ours than three", () => {
    const made = plan(
      "env: {A: plan, B: plan, C: plan}\nagents: [{id: g, env: {B: agent, C: agent}}]\ntasks: [{id: t, run: x, agent: g, env: {C: task}}]",
    );
    const outer = { PATH: "/bin", HOME: "/home/me", LEAK: "secret", TOKEN: "hunter22" };
    const env = taskEnvironment({
      plan: made,
      task: made.tasks[0]!,
      agent: made.agents[0]!,
      outer,
      sessionId: "sess_1",
      attempt: 2,
      resultsFolder: "/results",
    });
    expect(env).toEqual({
      PATH: "/bin",
      HOME: "/home/me",
      A: "plan",
      B: "agent",
      C: "task",
      HOLODECK_SESSION_ID: "sess_1",
      HOLODECK_TASK_ID: "t",
      HOLODECK_ATTEMPT: "2",
      HOLODECK_TASK_KEY: "sess_1:t",
      HOLODECK_RESULTS: "/results",
    });
    expect(attemptKey("sess_1", "t", 2)).toBe("sess_1:t:2");
  });

  test("gets its secrets apart", () => {
    const made = plan("secrets: [TOKEN]\ntasks: [{id: t, run: x}]");
    expect(secretValues(made, { TOKEN: "hunter22", OTHER: "x" })).toEqual({ TOKEN: "hunter22" });
  });
});
