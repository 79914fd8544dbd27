import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import type { Session } from "../session/session.ts";
import { SystemClock } from "../session/system-clock.ts";
import type { Store } from "../store/port.ts";
import { prepareAttempt } from "./attempt.ts";
import { bootId } from "./host.ts";
import { sessionConfigOf } from "./plan-session.ts";
import { parsePlan } from "./plan.ts";
import { recordExit } from "./record.ts";
import { runPlan, type RunParams } from "./runner.ts";
import type { AttemptExit } from "./spool.ts";

let folder = "";
let manager: SessionManager | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-runner-"));
});

afterEach(async () => {
  await manager?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The exit of an attempt that never got its go. */
async function lostAttempt(): Promise<AttemptExit> {
  const attempt = await prepareAttempt({ attemptKey: "s:t:1", spoolDir: join(folder, "lost") });
  attempt.stop("stop");
  return await attempt.exit;
}

interface Ran {
  readonly session: Session;
  readonly store: Store;
  readonly output: string;
}

const SECRET = "s3cr3t-value";

async function cancelLong(): Promise<void> {
  const { sessions = [] } = (await manager?.list({ status: "open" })) ?? {};
  const session = await manager?.get(sessions[0]?.sessionId ?? "");
  await session?.getTask("long")?.cancel("not needed any more");
}

/** Runs a plan given as its tasks, and what comes before them. */
async function run(tasks: string, before = "", more: Partial<RunParams> = {}): Promise<Ran> {
  const text = `version: 1\nname: test\nagent_id: oracle1\n${before}\ntasks:\n${tasks}`;
  const environment = { ...process.env, TOKEN: SECRET, HIDDEN: "not for children" };
  const plan = parsePlan({ text, file: "plan.yaml", environment, cores: 4 });
  manager = new SessionManager(sessionConfigOf(plan), { store: "memory:" });
  const store = await manager.store();
  const session = await manager.startSession();
  let output = "";
  const onOutput: RunParams["onOutput"] = (_, { text: piece }) => (output += piece);
  const clock = new SystemClock(bootId());
  const spool = join(folder, "spool");
  await runPlan({ session, store, clock, plan, folder, spool, environment, onOutput, ...more });
  return { session, store, output };
}

function outcomes({ session }: Ran): Record<string, string | null> {
  return Object.fromEntries(session.tasks.map((task) => [task.taskId, task.outcome]));
}

test("tasks run in their order, and a result reaches the task that asks for it", async () => {
  const ran = await run(`
  - {id: first, run: "echo '{\\"n\\": 5}'"}
  - {id: second, after: [first], run: [echo, "{{tasks.first.result}}"]}
  - {id: third, after: [second], run: "cat $HOLODECK_RESULTS/first.json; echo '{\\"seen\\": true}'"}`);
  expect(ran.session.outcome).toBe("success");
  expect(ran.session.getTask("second")?.result).toEqual({ n: 5 });
  expect(ran.session.getTask("third")?.result).toEqual({ seen: true });
  expect(ran.output).toContain('{"n":5}\n{"seen": true}');
});

test("an exit code is the task's outcome, told with its last line, and the session fails with it", async () => {
  const ran = await run(`  - {id: bad, run: "echo out of paper; exit 3"}`);
  expect(ran.session.outcome).toBe("failed");
  expect(ran.session.getTask("bad")?.error).toBe("Exited with code 3. Last line: out of paper");
  expect(ran.session.getTask("bad")?.record.exit_code).toBe(3);
});

test("a failure that a later task takes care of is none of the session", async () => {
  const ran = await run(`
  - {id: bad, run: exit 1}
  - {id: care, after: [bad], when: failed, run: "true"}
  - {id: skipped, after: [bad], run: "true"}`);
  expect(ran.session.outcome).toBe("success");
  expect(outcomes(ran)).toEqual({ bad: "failed", care: "success", skipped: "cancelled" });
  expect(ran.session.getTask("skipped")?.error).toContain("bad ended as failed");
});

test("a task that runs always makes no failure good: the session fails, and the task has run", async () => {
  const ran = await run(`
  - {id: bad, run: exit 1}
  - {id: clean-up, after: [bad], when: always, run: "true"}`);
  expect(outcomes(ran)).toEqual({ bad: "failed", "clean-up": "success" });
  expect(ran.session.outcome).toBe("failed");
});

test("a task whose last line is long and no result has done its work", async () => {
  const ran = await run(`  - {id: t, run: "head -c 100000 /dev/zero | tr '\\\\0' x"}`);
  expect([ran.session.getTask("t")?.outcome, ran.session.getTask("t")?.error]).toEqual(["success", null]);
});

test("a task that fails is tried again as often as it may be, each attempt with its number", async () => {
  const ran = await run(`
  - id: flaky
    retries: {max: 2, on: [failed], backoff_seconds: 0.01}
    run: 'echo "attempt $HOLODECK_ATTEMPT $HOLODECK_TASK_KEY"; test "$HOLODECK_ATTEMPT" = 3'`);
  const task = ran.session.getTask("flaky");
  expect([task?.outcome, task?.attempts]).toEqual(["success", 3]);
  const key = `${ran.session.sessionId}:flaky`;
  expect(ran.output).toBe(`attempt 1 ${key}\nattempt 2 ${key}\nattempt 3 ${key}\n`);
});

test("a task past its time is stopped with all its processes", async () => {
  const ran = await run(`
  - {id: slow, timeout_seconds: 0.5, run: "(sleep 30; touch late) & sleep 30"}
  - {id: care, after: [slow], when: {task: slow, outcome: timeout}, run: "true"}`);
  expect(outcomes(ran)).toEqual({ slow: "timeout", care: "success" });
  expect(ran.session.outcome).toBe("success");
});

test("a task that writes nothing for too long ends as timeout", async () => {
  const ran = await run(`  - {id: still, idle_timeout_seconds: 0.3, run: "echo hello; sleep 30"}`);
  expect(outcomes(ran)).toEqual({ still: "timeout" });
  expect(ran.session.getTask("still")?.error).toBe("It wrote nothing for 0.3 s.");
});

test("the session's own timeout ends it and what it runs", async () => {
  const ran = await run(`  - {id: slow, run: sleep 30}`, "limits: {session_timeout_seconds: 0.6}");
  expect([ran.session.outcome, outcomes(ran)["slow"]]).toEqual(["timeout", "cancelled"]);
});

test("a session whose time is up before its tasks are added ends as timeout", async () => {
  const ran = await run(`  - {id: t, run: "true"}`, "limits: {session_timeout_seconds: 0.001}");
  expect(ran.session.outcome).toBe("timeout");
});

test("no more run at once than may, in all and of an agent", async () => {
  const tasks = Array.from(
    { length: 4 },
    (_, index) => `  - {id: t${index}, agent: one, prompt: "mkdir lock && sleep 0.05 && rmdir lock"}`,
  ).join("\n");
  const ran = await run(tasks, "agents: [{id: one, capabilities: [], command: [sh, -c, '{{prompt}}']}]");
  expect(Object.values(outcomes(ran))).toEqual(["success", "success", "success", "success"]);
});

test("a task with capabilities goes to an agent that has them", async () => {
  const ran = await run(
    `  - {id: t, capabilities: [b], prompt: "who am I"}`,
    `agents:
  - {id: one, capabilities: [a], command: [echo, one, "{{prompt}}"]}
  - {id: two, capabilities: [a, b], command: [echo, two, "{{prompt}}"]}`,
  );
  expect(ran.output).toBe("two who am I\n");
  expect(ran.session.getTask("t")?.agentId).toBe("two");
});

test("a secret is passed on and recorded nowhere; what is not declared is not seen", async () => {
  const ran = await run(
    `  - id: t
    run: |
      echo "token $TOKEN hidden [$HIDDEN]"; printf '%s' "$TOKEN" > kept.txt
      printf '{"token": "%s"}' "$TOKEN" > "$HOLODECK_RESULT_FILE"
    artifacts: [kept.txt]`,
    "secrets: [TOKEN]",
  );
  const task = ran.session.getTask("t");
  expect(task?.outcome).toBe("success");
  expect(readFileSync(join(folder, "kept.txt"), "utf8")).toBe(SECRET);
  expect(ran.output).toBe("token [redacted TOKEN] hidden []\n");
  expect(task?.result).toEqual({ token: "[redacted TOKEN]" });
  const { output, artifacts = [] } = task?.record ?? {};
  for (const hash of [output?.hash, artifacts[0]?.hash]) {
    const bytes = await ran.store.blob({ hash: hash ?? "" });
    expect(Buffer.from(bytes ?? []).toString()).toContain("[redacted TOKEN]");
  }
  for await (const event of ran.session.events()) expect(JSON.stringify(event)).not.toContain(SECRET);
});

test("a secret that is written half to stdout and half to stderr is neither kept nor shown", async () => {
  const ran = await run(
    `  - {id: t, run: 'printf s3cr3t; exec 1>&-; sleep 0.1; echo -value >&2; exit 1'}`,
    "secrets: [TOKEN]",
  );
  const { output } = ran.session.getTask("t")?.record ?? {};
  const bytes = await ran.store.blob({ hash: output?.hash ?? "" });
  expect(Buffer.from(bytes ?? []).toString()).toBe("[redacted TOKEN]\n");
  expect(ran.session.getTask("t")?.error).toContain("[redacted TOKEN]");
  expect(ran.output).toBe("s3cr3t\n-value\n");
});

test("a signal stops what runs and leaves the session open, its finished work kept", async () => {
  const stop = new AbortController();
  const ran = await run(
    `
  - {id: quick, run: "echo done"}
  - {id: long, after: [quick], run: "echo begun; sleep 30"}`,
    "",
    {
      signal: stop.signal,
      onOutput: (taskId) => {
        if (taskId === "long") stop.abort();
      },
    },
  );
  expect(ran.session.status).toBe("open");
  expect(outcomes(ran)).toEqual({ quick: "success", long: null });
  expect(ran.session.getTask("long")?.status).toBe("pending");
});

test("a task cancelled while it runs is stopped", async () => {
  const running = run(`  - {id: long, run: "echo begun; sleep 30"}`, "", {
    onOutput: () => void cancelLong(),
  });
  expect(outcomes(await running)).toEqual({ long: "cancelled" });
});

test("a command that cannot be found fails its task and says what to do", async () => {
  const ran = await run(`  - {id: t, run: [no-such-command-here]}`);
  expect(outcomes(ran)).toEqual({ t: "failed" });
  expect(ran.session.getTask("t")?.error).toMatch(/no-such-command-here/);
});

test("nothing is left in the spool of what was recorded", async () => {
  await run(`  - {id: t, run: "echo hello"}`);
  expect(existsSync(join(folder, "spool", "t.1"))).toBe(false);
});

test("more artifacts than an event can hold are kept, and so is what was left out", async () => {
  const ran = await run(`
  - id: many
    run: mkdir out && cd out && for i in $(seq 220); do touch $(printf %0240d $i); done
    artifacts: ["out/*", "none/*"]`);
  const task = ran.session.getTask("many");
  expect(task?.outcome).toBe("success");
  const artifacts = (await task?.readArtifacts()) ?? [];
  expect(new Set(artifacts.map(({ path }) => path)).size).toBe(220);
  expect(task?.record.artifacts_left_out).toEqual([{ path: "none/*", why: "nothing matches it" }]);
});

test("what became of an attempt fails its task when it is too large to be recorded", async () => {
  const { session, store } = await run(`  - {id: t, run: "true"}`, "", { signal: AbortSignal.abort() });
  await session.startTask("t");
  const exit = await lostAttempt();
  const record = { session, store, spool: folder, taskId: "t", attempt: 1, spoolDir: folder };
  writeFileSync(join(folder, "output"), "x");
  await recordExit({
    ...record,
    exit: { ...exit, exit_code: 0, stopped_by: null, output_kept_bytes: 1, preview: "x".repeat(70_000) },
  });
  expect(session.getTask("t")?.outcome).toBe("failed");
  expect(session.getTask("t")?.error).toMatch(/too large to be recorded/);
});
