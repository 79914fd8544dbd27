import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bootId, isAlive, type ProcessMark } from "./host.ts";
import { livingProcesses, processAt } from "./processes.ts";
import { parsePsLine } from "./processes-ps.ts";
import { readSpool } from "./spool.ts";
import { attemptProcesses, endSurvivors } from "./survivors.ts";

const attemptKey = "sess_1:task:2";
let folder: string;
let spoolDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-survivors-"));
  spoolDir = join(folder, "spool");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A parent in a process of its own, which can be killed. It says each line as JSON: the mark, then the output. */
interface Parent {
  readonly process: ChildProcess;
  readonly mark: ProcessMark;
  /** The next line of output it reports. */
  next(): Promise<string>;
  kill(): Promise<void>;
}

async function startParent(script: string | null): Promise<Parent> {
  const code = `
    const { prepareAttempt } = await import(${JSON.stringify(new URL("attempt.ts", import.meta.url).href)});
    const say = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
    const [attemptKey, spoolDir, cwd, script] = process.argv.slice(1);
    const attempt = await prepareAttempt({ attemptKey, spoolDir, graceMs: 200, onOutput: ({ text }) => say(text) });
    say({ pid: attempt.pid, startTime: attempt.startTime, bootId: attempt.bootId });
    if (script) attempt.go({ argv: ["sh", "-c", script], cwd, env: { PATH: process.env.PATH }, secrets: {} });`;
  const args = ["--no-warnings", "--input-type=module", "-e", code, attemptKey, spoolDir, folder];
  const child = spawn(process.execPath, script === null ? args : [...args, script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <Value>(): Promise<Value> => JSON.parse(String((await lines.next()).value)) as Value;
  const mark = await next<ProcessMark>();
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { process: child, mark, next: async () => next<string>(), kill };
}

/** Looks until it is so; the test's own time limit is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(5);
}

function living(mark: ProcessMark): number {
  return attemptProcesses({ attemptKey, ...mark }).length;
}

const DEAF_TREE = `
  setsid sh -c 'trap "" TERM; echo one; while :; do sleep 1000; done' &
  trap '' TERM; echo two; while :; do sleep 1000; done`;

async function startTree(): Promise<Parent> {
  const parent = await startParent(DEAF_TREE);
  let output = "";
  while (!(output.includes("one") && output.includes("two"))) output += await parent.next();
  return parent;
}

describe("When the parent is killed", () => {
  test("the guard ends the command and all that came of it, and the spool says why", async () => {
    const parent = await startTree();
    await parent.kill();
    await until(() => living(parent.mark) === 0);
    expect(readSpool(spoolDir)).toMatchObject({
      stopped_by: "parent",
      signal: "SIGKILL",
      attempt_key: attemptKey,
    });
  });

  test("before its go, the guard leaves without running anything", async () => {
    const parent = await startParent(null);
    expect(isAlive(parent.mark)).toBe(true);
    await parent.kill();
    await until(() => !isAlive(parent.mark));
    expect(readSpool(spoolDir)).toBeNull();
    expect(existsSync(join(spoolDir, "task"))).toBe(false);
  });

  test("a command that had finished is adopted as it ended", async () => {
    execFileSync("mkfifo", [join(folder, "gate")]);
    const parent = await startParent(`echo $$; read -r open < gate; echo '{"done": true}'; exit 4`);
    const pid = Number(await parent.next());
    // The guard is halted, so that it learns of both only afterwards: the command's end and its parent's.
    process.kill(parent.mark.pid, "SIGSTOP");
    await writeFile(join(folder, "gate"), "open\n");
    await until(() => processAt(pid) === null);
    await parent.kill();
    process.kill(parent.mark.pid, "SIGCONT");
    await until(() => readSpool(spoolDir) !== null);
    expect(readSpool(spoolDir)).toMatchObject({ stopped_by: null, exit_code: 4, result: { done: true } });
    await until(() => living(parent.mark) === 0);
  });
});

describe("When parent and guard are killed", () => {
  test("the survivors of the attempt are found and ended", async () => {
    const parent = await startTree();
    process.kill(parent.mark.pid, "SIGSTOP");
    await parent.kill();
    process.kill(parent.mark.pid, "SIGKILL");
    await until(() => !isAlive(parent.mark));
    const survivors = living(parent.mark);
    expect(survivors).toBeGreaterThanOrEqual(4);
    expect(await endSurvivors({ attemptKey, ...parent.mark, graceMs: 100 })).toBeGreaterThanOrEqual(
      survivors,
    );
    expect(living(parent.mark)).toBe(0);
    expect(readSpool(spoolDir)).toBeNull();
  });

  test("there are none after another boot, and none of another attempt is touched", async () => {
    const bystander = spawn("sleep", ["1000"], {
      detached: true,
      stdio: "ignore",
      env: { HOLODECK_ATTEMPT_KEY: `${attemptKey}0` },
    });
    const { pid = 0 } = bystander;
    const { startTime = 0 } = processAt(pid) ?? {};
    expect(await endSurvivors({ attemptKey: `${attemptKey}0`, pid, startTime, bootId: "another" })).toBe(0);
    // The id was given to another process since: its start time is not the one recorded.
    expect(await endSurvivors({ attemptKey, pid, startTime: startTime - 1, bootId: bootId() })).toBe(0);
    expect(processAt(pid)).not.toBeNull();
    bystander.kill("SIGKILL");
    await once(bystander, "exit");
  });
});

describe("A spool", () => {
  test("that is torn is none", async () => {
    const parent = await startParent("echo out");
    await until(() => readSpool(spoolDir) !== null);
    await once(parent.process, "exit");
    const whole = JSON.stringify(readSpool(spoolDir));
    const exitFile = join(spoolDir, "exit.json");
    for (const torn of ["", "null", "{}", whole.slice(0, -1), whole.replace('"v":1', '"v":2')]) {
      writeFileSync(exitFile, torn);
      expect(readSpool(spoolDir)).toBeNull();
    }
    writeFileSync(exitFile, whole);
    expect(readSpool(spoolDir)).not.toBeNull();
    writeFileSync(join(spoolDir, "output"), "ou");
    expect(readSpool(spoolDir)).toBeNull();
  });
});

describe("The list of processes", () => {
  test("is read from a line of ps where there is no /proc", () => {
    const line = "  412     1   410 Ss   Fri Nov 20 10:11:12 2026    ";
    const startTime = new Date(2026, 10, 20, 10, 11, 12).getTime();
    expect(parsePsLine(line)).toEqual({ pid: 412, parent: 1, group: 410, session: 410, startTime });
    expect(parsePsLine("  413     1   410 Z    Fri Nov 20 10:11:12 2026")).toBeNull();
    expect(parsePsLine("")).toBeNull();
  });

  test("holds this process, and a process with spaces and brackets in its name", async () => {
    const program = join(folder, "x) R 1 (");
    symlinkSync(process.execPath, program);
    const odd = spawn(program, ["-e", "process.stdout.write('up'); setInterval(() => undefined, 1e6)"]);
    await once(odd.stdout, "data");
    const found = livingProcesses().find(({ pid }) => pid === odd.pid);
    expect(found).toMatchObject({ parent: process.pid });
    expect(livingProcesses().find(({ pid }) => pid === process.pid)).toEqual(processAt(process.pid));
    odd.kill("SIGKILL");
    await once(odd, "exit");
    expect(processAt(odd.pid ?? 0)).toBeNull();
  });
});
