import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { prepareAttempt, type Attempt, type AttemptParams } from "./attempt.ts";
import type { GoSpec, OutputReport } from "./guard-protocol.ts";
import { bootId, isAlive } from "./host.ts";
import { outputFile, readOutputRuns, readSpool, type AttemptExit } from "./spool.ts";
import { attemptProcesses } from "./survivors.ts";

let folder: string;
let spoolDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-attempt-"));
  spoolDir = join(folder, "spool");
});
afterEach(() => rmSync(folder, { recursive: true }));

const attemptKey = "sess_1:task:1";

/** An attempt, and a way to wait for what its command writes. */
interface Scene extends Attempt {
  /** Resolves when the output so far holds `text`. */
  wrote(text: string): Promise<void>;
}

async function prepare(params: Partial<AttemptParams> = {}): Promise<Scene> {
  let output = "";
  const waiting = new Set<() => void>();
  const onOutput = (report: OutputReport): void => {
    output += report.text;
    for (const look of waiting) look();
  };
  const attempt = await prepareAttempt({ attemptKey, spoolDir, onOutput, ...params });
  const wrote = async (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): unknown => output.includes(text) && resolve();
      waiting.add(look);
      look();
    });
  return { ...attempt, wrote };
}

function shell(script: string, spec: Partial<GoSpec> = {}): GoSpec {
  return {
    argv: ["sh", "-c", script],
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "" },
    secrets: {},
    ...spec,
  };
}

async function run(spec: GoSpec, params: Partial<AttemptParams> = {}): Promise<AttemptExit> {
  const attempt = await prepare(params);
  attempt.go(spec);
  const exit = await attempt.exit;
  expect(attemptProcesses({ attemptKey, ...attempt })).toEqual([]);
  return exit;
}

function keptOutput(): string {
  return readFileSync(outputFile(spoolDir), "utf8");
}

describe("An attempt that ends by itself", () => {
  test("leaves its exit code, output and times in the spool", async () => {
    const exit = await run(shell("echo hello; exit 0"));
    expect(exit).toMatchObject({
      exit_code: 0,
      signal: null,
      stopped_by: null,
      error: null,
      preview: "hello\n",
    });
    expect(exit.ended_at).toBeGreaterThanOrEqual(exit.started_at ?? Infinity);
    expect(keptOutput()).toBe("hello\n");
    expect(readSpool(spoolDir)).toEqual(exit);
  });

  test("fails with its exit code, or with the signal that ended it", async () => {
    expect(await run(shell("echo no >&2; exit 3"))).toMatchObject({
      exit_code: 3,
      stopped_by: null,
      preview: "no\n",
    });
    spoolDir = join(folder, "second");
    expect(await run(shell("kill -USR1 $$"))).toMatchObject({
      exit_code: null,
      signal: "SIGUSR1",
      stopped_by: null,
    });
  });

  test("has nothing on stdin, and pipes that can be opened again by name", async () => {
    const exit = await run(shell("cat; echo out > /dev/stdout; echo err | tee /dev/stderr"));
    expect(exit.exit_code).toBe(0);
    expect(
      keptOutput()
        .match(/err|out/g)
        ?.toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["err", "err", "out"]);
  });

  test("keeps stdout and stderr apart by the lengths of their pieces, in the order written", async () => {
    // A gate each: a writer that has not closed yet would let a second reader through.
    execFileSync("mkfifo", [join(folder, "one"), join(folder, "two")]);
    const attempt = await prepare();
    attempt.go(shell("echo one; read -r next < one; echo two >&2; read -r next < two; echo three"));
    for (const line of ["one", "two"]) {
      await attempt.wrote(line);
      await writeFile(join(folder, line), "next\n");
    }
    await attempt.exit;
    expect(keptOutput()).toBe("one\ntwo\nthree\n");
    expect(readOutputRuns(spoolDir)).toEqual([4, -4, 6]);
  });

  test("sees the environment it is given and nothing else", async () => {
    process.env["HOLODECK_TEST_LEAK"] = "leaked";
    const { PATH = "" } = process.env;
    await run(shell("env", { argv: ["env"], env: { PATH, LANG: "C" }, secrets: { TOKEN: "hunter22" } }));
    delete process.env["HOLODECK_TEST_LEAK"];
    const names = keptOutput()
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names.sort((a = "", b = "") => a.localeCompare(b))).toEqual([
      "HOLODECK_ATTEMPT_KEY",
      "HOLODECK_RESULT_FILE",
      "LANG",
      "PATH",
      "TOKEN",
    ]);
  });

  test("keeps no more output than it may, and both ends of it", async () => {
    const exit = await run(shell("seq 1 200000", { outputBytesMax: 4000 }));
    expect(exit).toMatchObject({ truncated: true, output_bytes: 1_288_895 });
    expect(keptOutput()).toMatch(/^1\n2\n3\n[^]*\n\[1284895 bytes left out\]\n[^]*\n199999\n200000\n$/);
    expect(exit.preview.endsWith("199999\n200000\n")).toBe(true);
    expect(exit.preview.length).toBe(2048);
  });

  test("takes its prompt by file when it is given one", async () => {
    const prompt = `$(touch ${folder}/bad) 'quotes' "too"\n`.repeat(10_000);
    const exit = await run(shell('cat "$HOLODECK_PROMPT_FILE" | wc -c', { prompt }));
    expect(exit.preview.trim()).toBe(String(prompt.length));
    expect(existsSync(join(folder, "bad"))).toBe(false);
  });

  test("has what it leaves running ended, also in a session of its own", async () => {
    const exit = await run(
      shell("sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & wait' &) ; echo done"),
      {
        graceMs: 200,
      },
    );
    expect(exit).toMatchObject({ exit_code: 0, stopped_by: null, preview: "done\n" });
  });
});

describe("A secret", () => {
  test("is in no file of the spool and in no report, however the command writes it", async () => {
    const secret = "hunter22/hunter22+tail";
    const reports: string[] = [];
    const script = `
      printf hunter22/; sleep 0; printf 'hunter22+tail\\n'
      printf '%s' "$KEY" | base64 >&2
      printf '{"key": "%s"}' "$KEY" > "$HOLODECK_RESULT_FILE"
      printf 'x%s' "$KEY" > "$KEY_FOLDER/artifact"`;
    const exit = await run(
      shell(script, {
        env: { PATH: process.env["PATH"] ?? "", KEY_FOLDER: folder },
        secrets: { KEY: secret },
        artifacts: ["artifact"],
      }),
      { onOutput: ({ text }) => reports.push(text) },
    );
    expect(exit.result).toEqual({ key: "[redacted KEY]" });
    expect(readFileSync(join(spoolDir, exit.artifacts[0]!.file), "utf8")).toBe("x[redacted KEY]");
    const all = execFileSync("sh", ["-c", "find . -type f | xargs cat; find ."], {
      cwd: spoolDir,
      encoding: "utf8",
    });
    for (const text of [all, reports.join("")]) {
      expect(text).toContain("[redacted KEY]");
      expect(text).not.toContain("hunter22");
      expect(text).not.toContain(Buffer.from(secret).toString("base64"));
    }
  });
});

describe("A result", () => {
  test("is the result file's JSON before the last line's", async () => {
    const exit = await run(
      shell(`echo '{"from": "file"}' > "$HOLODECK_RESULT_FILE"; echo '{"from": "line"}'`),
    );
    expect(exit.result).toEqual({ from: "file" });
    expect(JSON.parse(readFileSync(join(spoolDir, "result.json"), "utf8"))).toEqual({ from: "file" });
  });

  test("is the last line of stdout, whatever stderr says after it", async () => {
    const exit = await run(shell(`echo text; echo '{"lines": 7}'; echo; echo '{"not": "this"}' >&2`));
    expect(exit.result).toEqual({ lines: 7 });
  });

  test("that is not JSON is said, and does not change the exit code", async () => {
    const exit = await run(shell(`echo oops > "$HOLODECK_RESULT_FILE"`));
    expect(exit).toMatchObject({ exit_code: 0, result: null });
    expect(exit.result_error).toMatch(/not the JSON/);
  });
});

describe("A command that cannot be started", () => {
  test("is not found: 127, and what to do", async () => {
    const exit = await run(shell("", { argv: ["no-such-program"] }));
    expect(exit).toMatchObject({ exit_code: 127, stopped_by: null });
    expect(exit.error).toMatch(/no-such-program was not found. Install it/);
  });

  test("is not executable, or its folder is missing, or an argument holds a NUL: 126", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    chmodSync(file, 0o644);
    expect((await run(shell("", { argv: [file] }))).error).toMatch(/not executable. Make it so with chmod/);
    spoolDir = join(folder, "second");
    const second = await run(shell("true", { cwd: join(folder, "none") }));
    expect(second.exit_code).toBe(126);
    expect(second.error).toMatch(/cannot be entered \(ENOENT\). Create it/);
    spoolDir = join(folder, "third");
    expect((await run(shell("", { argv: ["echo", "a\0b"] }))).exit_code).toBe(126);
    spoolDir = join(folder, "fourth");
    expect((await run(shell("", { argv: ["echo", "x".repeat(200_000)] }))).error).toMatch(/{{prompt_file}}/);
  });
});

describe("A stop", () => {
  test("ends the command with TERM", async () => {
    const attempt = await prepare();
    attempt.go(shell("trap 'echo leaving; exit 9' TERM; echo ready; while :; do sleep 0.01; done"));
    await attempt.wrote("ready");
    attempt.stop("timeout");
    expect(await attempt.exit).toMatchObject({ exit_code: 9, stopped_by: "timeout" });
    expect(keptOutput()).toContain("leaving\n");
  });

  test("ends with KILL a whole tree that ignores TERM, also what left the group and what is halted", async () => {
    const deaf = "trap '' TERM; echo deaf; while :; do sleep 1000; done";
    const attempt = await prepare({ graceMs: 100 });
    attempt.go(
      shell(
        `setsid sh -c "${deaf}" & sh -c "${deaf}" & (env -i setsid sleep 1000 & wait) & kill -STOP $!; ${deaf}`,
      ),
    );
    await attempt.wrote("deaf\ndeaf\ndeaf\n");
    expect(attemptProcesses({ attemptKey, ...attempt }).length).toBeGreaterThan(5);
    attempt.stop("stop");
    expect(await attempt.exit).toMatchObject({ signal: "SIGKILL", stopped_by: "stop" });
    expect(attemptProcesses({ attemptKey, ...attempt })).toEqual([]);
  });

  test("before the go means that the command never runs", async () => {
    const attempt = await prepare();
    attempt.stop("stop");
    attempt.go(shell("touch ran"));
    expect(await attempt.exit).toMatchObject({ started_at: null, stopped_by: "stop", exit_code: null });
    expect(existsSync(join(folder, "ran"))).toBe(false);
    expect(isAlive(attempt)).toBe(false);
  });

  test("comes from an abort signal as well, before and after the go", async () => {
    const controller = new AbortController();
    const attempt = await prepare({ signal: controller.signal });
    attempt.go(shell("echo ready; exec sleep 1000"));
    await attempt.wrote("ready");
    controller.abort();
    expect(await attempt.exit).toMatchObject({ signal: "SIGTERM", stopped_by: "stop" });
    await expect(prepare({ signal: controller.signal, spoolDir: join(folder, "b") })).rejects.toThrow(
      /abort/i,
    );
  });

  test("reaches a guard that does not answer", async () => {
    const attempt = await prepare({ graceMs: 50, patienceMs: 100 });
    attempt.go(shell("echo ready; exec sleep 1000"));
    await attempt.wrote("ready");
    process.kill(attempt.pid, "SIGSTOP");
    attempt.stop("timeout");
    expect(await attempt.exit).toMatchObject({ stopped_by: "timeout", exit_code: null });
    expect(attemptProcesses({ attemptKey, ...attempt })).toEqual([]);
  });

  test("comes from the guard when the command writes nothing for long enough", async () => {
    const exit = await run(shell("echo ready; exec sleep 1000", { idleTimeoutMs: 50 }));
    expect(exit).toMatchObject({ signal: "SIGTERM", stopped_by: "idle" });
  });
});

describe("A guard", () => {
  test("that is killed leaves nothing running, and the attempt is lost, not failed", async () => {
    const attempt = await prepare({ graceMs: 100 });
    attempt.go(shell("setsid sleep 1000 & echo ready; exec sleep 1000"));
    await attempt.wrote("ready");
    process.kill(attempt.pid, "SIGKILL");
    expect(await attempt.exit).toMatchObject({
      stopped_by: "guard",
      exit_code: null,
      attempt_key: attemptKey,
    });
    expect(attemptProcesses({ attemptKey, ...attempt })).toEqual([]);
  });

  test("that is told to end by a signal ends its command and says so", async () => {
    const attempt = await prepare();
    attempt.go(shell("echo ready; exec sleep 1000"));
    await attempt.wrote("ready");
    process.kill(attempt.pid, "SIGTERM");
    expect(await attempt.exit).toMatchObject({ stopped_by: "guard", signal: "SIGTERM", preview: "ready\n" });
  });

  test("refuses a second go and a used spool", async () => {
    const attempt = await prepare();
    attempt.go(shell("true"));
    expect(() => attempt.go(shell("true"))).toThrow(/was started already/);
    await attempt.exit;
    await expect(prepare()).rejects.toThrow(/another attempt/);
  });

  test("that cannot be started is an error that says why", async () => {
    mkdirSync(join(spoolDir, "task"), { recursive: true });
    writeFileSync(join(spoolDir, "task", "stdout"), "in the way");
    await expect(prepare()).rejects.toThrow(/guard process could not be started[^]*File exists/);
  });

  test("is known by id, start time and boot", async () => {
    const attempt = await prepare();
    expect(isAlive(attempt)).toBe(true);
    expect(isAlive({ ...attempt, startTime: attempt.startTime + 1 })).toBe(false);
    expect(isAlive({ ...attempt, bootId: `${bootId()}x` })).toBe(false);
    attempt.stop("stop");
    await attempt.exit;
    expect(isAlive(attempt)).toBe(false);
  });
});
