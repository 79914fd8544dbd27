// A run on a shared store as two people see it: one runs a plan in her folder, the other follows it from his, and goes
// on with it when the first is killed. And as two hosts see it: who holds the session is left alone.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import { RunLease } from "../src/run/run-lease.ts";
import { keepPlan } from "../src/run/plan-session.ts";
import { parsePlan } from "../src/run/plan.ts";
import type { ProcessIdentity } from "../src/session/events.ts";
import { SystemClock } from "../src/session/system-clock.ts";
import { bootId } from "../src/run/host.ts";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const PLAN = `version: 1
name: shared
agent_id: oracle1
tasks:
  - {id: quick, run: "echo '{}'"}
  - id: slow
    after: [quick]
    run: |
      pwd >> ran-in
      while [ ! -e go ]; do sleep 0.05; done
`;

describe.skipIf(!need("postgres"))("a plan that is run on a shared store", () => {
  const root = mkdtempSync(join(tmpdir(), "holodeck-shared-"));
  const hers = join(root, "hers");
  const his = join(root, "his");
  const started: ChildProcess[] = [];
  let server: PostgresServer;
  let store = "";

  beforeAll(async () => {
    for (const folder of [hers, his]) mkdirSync(folder);
    server = await PostgresServer.start();
    store = server.newStore();
  });

  afterAll(async () => {
    for (const child of started) child.kill("SIGKILL");
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  });

  function start(folder: string, ...args: readonly string[]): Command {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args, "--store", store], {
      cwd: folder,
      env: { PATH, HOLODECK_HOME: join(folder, "home") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    started.push(child);
    return new Command(child);
  }

  test(
    "is followed live from another folder, and finished there after a kill",
    { timeout: 60_000 },
    async () => {
      writeFileSync(join(hers, "plan.yaml"), PLAN);
      const run = start(hers, "run", "plan.yaml");
      const sessionId = await sessionStarted();
      const tail = start(his, "tail", sessionId, "--follow", "--json");
      await tail.said(/"task_started".*"slow"/);
      const shown = JSON.parse((await start(his, "session", "show", sessionId, "--json").ended).out) as Shown;
      expect(shown.status).toBe("open");
      expect(shown.tasks.map(({ task_id, status }) => [task_id, status])).toEqual([
        ["quick", "ended"],
        ["slow", "running"],
      ]);

      const refused = await start(his, "resume", sessionId).ended;
      expect([refused.code, refused.err]).toEqual([
        1,
        expect.stringContaining("is being worked on by process"),
      ]);

      run.child.kill("SIGKILL");
      await run.ended;
      const resuming = start(his, "resume", sessionId, "--json");
      // Not before: the first attempt would succeed if it saw it before its guard saw the runner die.
      await tail.said(/"task_started".*"slow".*"attempt":2/);
      writeFileSync(join(hers, "go"), "");
      const resumed = await resuming.ended;
      expect([resumed.code, resumed.err]).toEqual([0, expect.stringContaining("1 of 2 tasks have ended")]);
      expect(JSON.parse(resumed.out)).toMatchObject({ session_id: sessionId, outcome: "success" });

      const followed = (await tail.ended).out.trim().split("\n");
      const types = followed.map((line) => (JSON.parse(line) as { type: string }).type);
      expect(types.filter((type) => type === "task_ended")).toHaveLength(2);
      expect(types).toContain("session_resumed");
      expect(types.at(-1)).toBe("session_ended");
      // Both attempts ran where the plan was started, and what they spooled there is gone.
      expect(new Set(readFileSync(join(hers, "ran-in"), "utf8").trim().split("\n"))).toEqual(new Set([hers]));
      expect(readdirSync(join(hers, "home", "run"))).toEqual([]);
      expect(readdirSync(his)).toEqual([]);
    },
  );

  test("is not resumed while another host runs it, and says which", async () => {
    const elsewhere: ProcessIdentity = { host: "elsewhere", boot_id: "b", pid: 7, start_time: "1" };
    const processes = { self: () => elsewhere, isAlive: () => true };
    const sessionId = await planSession(hers, processes);
    await using opened = new SessionManager({ sessionName: "n", agentId: "a" }, { store });
    await using lease = new RunLease({
      store: await opened.store(),
      clock: new SystemClock(bootId()),
      processes,
      sessionId,
    });
    await lease.take(null);
    const refused = await start(his, "resume", sessionId).ended;
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("is being worked on by process 7 on elsewhere. Wait for it");
    await lease[Symbol.asyncDispose]();
    expect((await start(his, "resume", sessionId).ended).code).toBe(0);
  });

  test("is not resumed where the folder of its commands is not, and is left to whoever has it", async () => {
    const gone = join(root, "gone");
    const dead: ProcessIdentity = { host: hostname(), boot_id: "another boot", pid: 7, start_time: "1" };
    const sessionId = await planSession(gone, { self: () => dead, isAlive: () => false });
    const refused = await start(his, "resume", sessionId).ended;
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining(`The folder ${gone}`)]);
    const events = (await start(his, "tail", sessionId, "--json").ended).out;
    expect(events).not.toContain("session_resumed");
  });

  /** A session that a runner has started and added nothing to yet. */
  async function planSession(folder: string, processes: ManagerProcesses): Promise<string> {
    const text = 'version: 1\nname: n\nagent_id: a\ntasks: [{id: t, run: "true"}]';
    const plan = parsePlan({ text, file: "plan.yaml", environment: {} });
    await using manager = new SessionManager({ sessionName: "n", agentId: "a" }, { store, processes });
    const source = { text, file: "plan.yaml", folder, dataFolder: join(folder, "home") };
    const kept = await keepPlan(await manager.store(), plan, source, {});
    return (await manager.startSession({ plan: kept })).sessionId;
  }

  /** Of the run that has been started: it tells nobody its id before the end when it is not a terminal's. */
  async function sessionStarted(): Promise<string> {
    const all = start(his, "tail", "--follow", "--json");
    const [, id = ""] = await all.said(/"stream":"session:(sess_\w+)"/);
    all.child.kill("SIGKILL");
    return id;
  }
});

type ManagerProcesses = NonNullable<
  NonNullable<ConstructorParameters<typeof SessionManager>[1]>["processes"]
>;

interface Shown {
  readonly status: string;
  readonly tasks: readonly { readonly task_id: string; readonly status: string }[];
}

/** A command that runs, and what it says. */
class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  readonly #out: string[] = [];
  readonly #err: string[] = [];
  #heard = (): void => undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    this.#listen(child.stdout, this.#out);
    this.#listen(child.stderr, this.#err);
    this.ended = new Promise((resolve) => {
      child.once("close", (code) => {
        resolve({ code, out: this.#out.join("\n"), err: this.#err.join("\n") });
        this.#heard();
      });
    });
  }

  /** The first line that matches; rejects when the command ends without one. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of [...this.#out, ...this.#err]) {
        const found = pattern.exec(line);
        if (found !== null) return found;
      }
      if (this.child.exitCode !== null) throw new Error(`It ended without saying ${pattern.source}.`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  #listen(stream: Readable | null, lines: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      this.#heard();
    });
  }
}
