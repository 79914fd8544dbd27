// What an attempt had written when somebody else ended it: its task, its session, or who ran it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import type { Session } from "../session/session.ts";
import { SystemClock } from "../session/system-clock.ts";
import type { Store } from "../store/port.ts";
import { bootId } from "./host.ts";
import { sessionConfigOf } from "./plan-session.ts";
import { parsePlan } from "./plan.ts";
import { runPlan, type RunParams } from "./runner.ts";

/** Has written a line and a file when it is asked to leave, and writes one more before it does. */
const SLOW = `'exec 2>/dev/null; trap "echo leaving; exit 0" TERM; echo kept > out.txt; echo begun; while :; do sleep 0.05; done'`;

let folder = "";
let manager: SessionManager | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-record-"));
});

afterEach(async () => {
  await manager?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly session: Session;
  readonly store: Store;
}

/** Runs a plan of one slow task; `onBegun` is called when it has written its first line. */
async function runSlow(
  { task = "", before = "" }: { readonly task?: string; readonly before?: string },
  onBegun: (session: Session) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Ran> {
  const text = `version: 1\nname: test\nagent_id: oracle1\n${before}\ntasks:\n  - {id: slow, ${task} artifacts: [out.txt], run: ${SLOW}}`;
  const environment = process.env;
  const plan = parsePlan({ text, file: "plan.yaml", environment, cores: 1 });
  manager = new SessionManager(sessionConfigOf(plan), { store: "memory:" });
  const store = await manager.store();
  const session = await manager.startSession();
  const onOutput: RunParams["onOutput"] = (_, { text: piece }) => {
    if (piece.includes("begun")) onBegun(session);
  };
  const clock = new SystemClock(bootId());
  const spool = join(folder, "spool");
  const stopped = signal === undefined ? {} : { signal };
  await runPlan({ session, store, clock, plan, folder, spool, environment, onOutput, ...stopped });
  return { session, store };
}

/** What is kept of the slow task, as text. */
async function keptOf({
  session,
  store,
}: Ran): Promise<{ readonly output: string; readonly artifact: string }> {
  const { output, artifacts = [] } = session.getTask("slow")?.record ?? {};
  const textOf = async (hash: string): Promise<string> =>
    Buffer.from((await store.blob({ hash })) ?? []).toString();
  return { output: await textOf(output?.hash ?? ""), artifact: await textOf(artifacts[0]?.hash ?? "") };
}

const ALL = { output: "begun\nleaving\n", artifact: "kept\n" };

test("what a task wrote is kept when the session's time is up, and changes nothing of how it ended", async () => {
  const ran = await runSlow({ before: "limits: {session_timeout_seconds: 1}" });
  expect(await keptOf(ran)).toEqual(ALL);
  expect([ran.session.outcome, ran.session.getTask("slow")?.outcome]).toEqual(["timeout", "cancelled"]);
});

test("what a task wrote is kept when its session is ended by others", async () => {
  const ran = await runSlow({}, (session) => void session.endSession("cancelled"));
  expect(await keptOf(ran)).toEqual(ALL);
  expect(ran.session.outcome).toBe("cancelled");
});

test("what a task wrote is kept when its own time is up, also of an attempt that another follows", async () => {
  const ran = await runSlow({ task: "timeout_seconds: 0.5, retries: {max: 1}," });
  expect(await keptOf(ran)).toEqual(ALL);
  expect(ran.session.getTask("slow")?.outcome).toBe("timeout");
  const attempts: unknown[] = [];
  for await (const { type, data } of ran.session.events()) {
    if (type === "record_kept") attempts.push(data["attempt"]);
  }
  expect(attempts).toEqual([1, 2]);
});

test("what a task wrote is kept when it is cancelled", async () => {
  const ran = await runSlow({}, (session) => void session.getTask("slow")?.cancel("not needed any more"));
  expect(await keptOf(ran)).toEqual(ALL);
  expect(ran.session.getTask("slow")?.error).toBe("not needed any more");
});

test("what a task wrote is kept when its run is stopped, and the session is left open", async () => {
  const stop = new AbortController();
  const ran = await runSlow({}, () => stop.abort(), stop.signal);
  expect(await keptOf(ran)).toEqual(ALL);
  expect([ran.session.status, ran.session.getTask("slow")?.status]).toEqual(["open", "pending"]);
});
