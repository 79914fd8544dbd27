// A running plan is killed again and again: the command, its guards, or both, at random moments, and resumed. Each
// task's work holds a lock of its own while it runs, so an attempt beside another shows.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { Event } from "../src/event/event.ts";
import { SessionManager } from "../src/local.ts";
import { livingProcesses } from "../src/run/processes.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const KILLS = process.env["HOLODECK_LONG"] === "1" ? 200 : 50;
const SEED = Number(process.env["HOLODECK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const PLAN = `
version: 1
name: killed
agent_id: oracle1
limits: {concurrency: 3}
tasks:
${Array.from(
  { length: 8 },
  (_, index) => `  - id: t${index}
    after: [${index < 3 ? "" : `t${index - 3}`}]
    run: |
      exec 9> lock.$HOLODECK_TASK_ID
      flock -n 9 || echo "$HOLODECK_TASK_ID ran beside itself" >> overlaps
      sleep 0.${3 + (index % 3)}
      echo '{"n": ${index}}'
`,
).join("")}`;

let folder = "";

afterEach(() => {
  for (const pid of leftOver()) process.kill(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test(
  `${KILLS} kills lose nothing and double nothing (HOLODECK_SEED=${SEED})`,
  { timeout: 300_000 },
  async () => {
    folder = mkdtempSync(join(tmpdir(), "holodeck-kills-"));
    writeFileSync(join(folder, "plan.yaml"), PLAN);
    const random = seededRandom(SEED);
    const reported = new Map<string, Set<string>>();
    let command: Command | null = null;
    for (let kills = 0; kills < KILLS;) {
      if (command === null || !isRunning(command)) {
        command = start((await hasOpenSession()) ? ["resume"] : ["run", "plan.yaml"], reported);
      }
      await Promise.race([pause(50 + random() * 900), command.gone]);
      const victims = choose(random(), command);
      for (const pid of victims) killed(pid);
      if (victims.length > 0) kills += 1;
      if (victims.includes(command.process.pid ?? 0)) await command.gone;
    }
    if (command !== null) await command.gone;
    while (await hasOpenSession()) await start(["resume"], reported).gone;

    expect(readdirSync(folder)).not.toContain("overlaps");
    expect(leftOver()).toEqual([]);
    await using manager = new SessionManager({ sessionName: "check", agentId: "check" }, { store: store() });
    const { sessions } = await manager.list({ limit: 1_000 });
    expect(sessions.length).toBeGreaterThan(0);
    for (const { sessionId, status } of sessions) {
      expect(status).toBe("success");
      const events: Event[] = [];
      for await (const event of (await manager.get(sessionId)).events()) events.push(event);
      for (const task of reported.get(sessionId) ?? []) expect(endsOf(events, task)).toHaveLength(1);
      for (let index = 0; index < 8; index++) expectOneAttemptAtATime(events, `t${index}`);
    }
  },
);

interface Command {
  readonly process: ChildProcess;
  readonly gone: Promise<void>;
}

function store(): string {
  return join(folder, ".holodeck", "holodeck.db");
}

/** Starts the command, and notes which tasks it reports as ended. */
function start(args: readonly string[], reported: Map<string, Set<string>>): Command {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => {
      const sessionId = /sess_\w+/.exec(text)?.[0] ?? "";
      const tasks = reported.get(sessionId) ?? new Set();
      for (const [, task = ""] of text.matchAll(/(t\d) ended as/g)) tasks.add(task);
      reported.set(sessionId, tasks);
      resolve();
    });
  });
  return { process: child, gone };
}

function isRunning({ process: { exitCode, signalCode } }: Command): boolean {
  return exitCode === null && signalCode === null;
}

function choose(roll: number, command: Command): readonly number[] {
  const guards = leftOver().filter((pid) => commandLine(pid).includes("guard."));
  const main = isRunning(command) ? [command.process.pid ?? 0] : [];
  if (roll < 0.4) return main;
  return roll < 0.7 ? guards.slice(0, 1) : [...main, ...guards];
}

/** Processes that work in the folder: guards, by their spool, and what they run, by their attempt. */
function leftOver(): readonly number[] {
  if (folder === "") return [];
  return livingProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => pid !== process.pid && (commandLine(pid) + environmentOf(pid)).includes(folder));
}

function commandLine(pid: number): string {
  return readProc(pid, "cmdline");
}

function environmentOf(pid: number): string {
  const text = readProc(pid, "environ");
  return text.includes("HOLODECK_ATTEMPT_KEY=") ? text : "";
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

async function hasOpenSession(): Promise<boolean> {
  await using manager = new SessionManager({ sessionName: "check", agentId: "check" }, { store: store() });
  return (await manager.list({ status: "open" })).sessions.length > 0;
}

function endsOf(events: readonly Event[], task: string): readonly Event[] {
  return events.filter(({ type, data }) => type === "task_ended" && data["task_id"] === task);
}

function expectOneAttemptAtATime(events: readonly Event[], task: string): void {
  let running: unknown = null;
  for (const { type, data } of events) {
    if (data["task_id"] !== task) continue;
    if (type === "task_started") {
      expect(running).toBeNull();
      running = data["attempt"];
    } else if (type === "attempt_ended" || type === "task_ended") {
      expect(data["attempt"]).toBe(running);
      running = null;
    }
  }
  expect(endsOf(events, task)).toHaveLength(1);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
