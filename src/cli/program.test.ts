import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import type { Io, Output } from "./io.ts";
import { runCommand } from "./program.ts";

class Text extends EventEmitter implements Output {
  text = "";
  readonly columns?: number;

  constructor(columns: number | null) {
    super();
    if (columns !== null) this.columns = columns;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

/** The lines of each command's help, and of the whole, but for the commands in them: these are not to be broken. */
async function helpLines(columns: number | null): Promise<readonly string[]> {
  const lines: string[] = [];
  const calls = COMMANDS.map(({ group, usage }) => [group ?? [], usage.split(" ")[0] ?? ""].flat());
  for (const call of [[], ...calls]) {
    const out = new Text(columns);
    const io: Io = { out, err: new Text(columns), env: {} };
    expect(await runCommand([...call, "--help"], io)).toBe(0);
    lines.push(...out.text.split("\n").filter((line) => !/^ {2}\$ |^Usage: /.test(line)));
  }
  return lines;
}

test.each([
  ["a narrow terminal", 60, 60],
  ["a terminal of 80 columns", 80, 80],
  ["no terminal", null, 80],
  ["a wide terminal, where lines would be too long to read", 200, 110],
])("help on %s keeps within its columns, and uses them", async (_, columns, widthMax) => {
  const lines = await helpLines(columns);
  expect(lines.filter((line) => line.length > widthMax)).toEqual([]);
  expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(widthMax - 4);
});

test("a plan's faults stand on lines of their own, and so does what to do", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-help-"));
  const plan = join(folder, "plan.yaml");
  writeFileSync(plan, "version: 1\nname: n\nagent_id: a\ntasks:\n  - {id: t, rum: x, run: x}\n");
  const err = new Text(null);
  expect(await runCommand(["run", plan], { out: new Text(null), err, env: {} })).toBe(2);
  rmSync(folder, { recursive: true });
  expect(err.text).toBe(
    `holodeck: ${plan} has a fault:\n${plan}:5: tasks[0].rum is not a key of a plan. Did you mean run? Write that.\n` +
      "Correct it and run it again; nothing has been started.\n",
  );
});

test("no description breaks a line within a sentence: only the terminal knows where", () => {
  const broken = COMMANDS.filter(({ description }) => /[^.:]\n/.test(description));
  expect(broken.map(({ usage }) => usage)).toEqual([]);
});
