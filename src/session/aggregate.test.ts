import fc from "fast-check";
import { expect, test } from "vitest";
import { Batch } from "../event/batch.ts";
import { streamId } from "../event/event.ts";
import type { Untimed } from "../event/runtime.ts";
import { given } from "../testing/given.ts";
import { sessionAggregate } from "./aggregate.ts";
import type { SessionCommand } from "./commands.ts";
import type { ProcessIdentity, SessionEvent } from "./events.ts";
import type { SessionState } from "./state.ts";

type Command = Untimed<SessionCommand>;

const BOOT = { id: "test-boot", offsetMs: 0 };
const OWNER: ProcessIdentity = { host: "h", boot_id: "test-boot", pid: 1, start_time: "1" };
const HEIR: ProcessIdentity = { host: "h", boot_id: "test-boot", pid: 2, start_time: "2" };

const start: Command = {
  type: "start_session",
  sessionId: "sess_1",
  sessionName: "name",
  agentId: "oracle1",
  tags: [],
  metadata: {},
  maxTasks: 5,
  taskTimeoutSeconds: 10,
  sessionTimeoutSeconds: 60,
  h1RouterEnabled: false,
  emergenceThresholdOffset: -2,
  scoutRoom: "room",
  emitTiles: true,
  platoUrl: "http://localhost:8848",
  deliverTiles: false,
  h1RouterUrl: null,
  plan: null,
  identityKey: "identity:oracle1",
  policyKey: "policy:owner",
  roles: null,
  recordAllows: "sampled",
  process: OWNER,
  boot: BOOT,
};

function add(taskId: string, retries: number = 0): Command {
  return {
    type: "add_task",
    taskId,
    data: null,
    priority: "normal",
    requiredCapabilities: [],
    agentId: null,
    timeoutSeconds: null,
    retries: retries === 0 ? null : { max: retries, on: ["failed", "timeout"], backoff_seconds: 1 },
  };
}

function begin(taskId: string): Command {
  return { type: "start_task", taskId, agentId: null, process: OWNER };
}

function complete(
  taskId: string,
  outcome: "success" | "failed" | "cancelled",
  attempt: number | null = null,
): Command {
  return { type: "complete_task", taskId, outcome, durationMs: null, error: null, record: {}, attempt };
}

test("a completion past the timeout lets the timeout happen first, and is then refused", () => {
  given(sessionAggregate)
    .having(start, add("a"), begin("a"))
    .after(10_000)
    .when(complete("a", "success"))
    .refused("task_ended", /timeout/);
});

test("tasks time out in the order they were due, before the session does", () => {
  const { events, state } = given(sessionAggregate)
    .having(start, add("a"), add("b"), begin("b"))
    .after(1_000)
    .having(begin("a"))
    .after(600_000)
    .when({ type: "end_session", outcome: "success", error: null });
  expect(events.map(({ type, data }) => [type, data["task_id"], data["outcome"]])).toEqual([
    ["task_ended", "b", "timeout"],
    ["task_ended", "a", "timeout"],
    ["session_error", undefined, undefined],
    ["session_ended", undefined, "timeout"],
  ]);
  expect(state.outcome).toBe("timeout");
});

test("an attempt completes only as itself", () => {
  const run = given(sessionAggregate).having(
    start,
    add("a", 2),
    begin("a"),
    complete("a", "failed", 1),
    begin("a"),
  );
  run.when(complete("a", "success", 1)).refused("conflict", /Attempt 1/);
  run.when(complete("a", "success", 2)).yields("task_ended");
});

test("a lost attempt uses up no retry", () => {
  const lose: Command = { type: "lose_attempt", taskId: "a", attempt: 1, reason: "died", record: {} };
  const { state } = given(sessionAggregate)
    .having(start, add("a", 1), begin("a"), lose, begin("a"), complete("a", "failed", 2), begin("a"))
    .when(complete("a", "success", 3))
    .yields("task_ended");
  expect(state.totals.success).toBe(1);
  given(sessionAggregate).having(start, add("a"), begin("a"), lose).when(lose).yields();
});

test("a session is taken over from a dead process, and not from one that lives", () => {
  const resume: Command = {
    type: "resume_session",
    process: HEIR,
    boot: BOOT,
    owner: OWNER,
    ownerAlive: false,
  };
  given(sessionAggregate).having(start).when(resume).yields("session_resumed");
  given(sessionAggregate)
    .having(start)
    .when({ ...resume, ownerAlive: true })
    .refused("conflict", /process 1 on h/);
  given(sessionAggregate)
    .having(start)
    .when({ ...resume, process: OWNER })
    .yields();
});

test("of two who found the same process dead, one takes the session over", () => {
  const resume: Command = {
    type: "resume_session",
    process: HEIR,
    boot: BOOT,
    owner: OWNER,
    ownerAlive: false,
  };
  given(sessionAggregate)
    .having(start, resume)
    .when({ ...resume, process: { ...HEIR, pid: 3 } })
    .refused("conflict", /process 2 on h/);
});

test("an end without error has no error tile, and one with it has", () => {
  const end = { type: "end_session", outcome: "failed" } as const;
  given(sessionAggregate)
    .having(start)
    .when({ ...end, error: null })
    .yields("session_ended");
  given(sessionAggregate)
    .having(start)
    .when({ ...end, error: "x" })
    .yields("session_error", "session_ended");
});

test("nothing can be asked of a session that was never started", () => {
  given(sessionAggregate).when(add("a")).refused("not_found");
  given(sessionAggregate).when(complete("a", "success")).refused("not_found");
  given(sessionAggregate).when({ type: "end_session", outcome: "success", error: null }).refused("not_found");
  given(sessionAggregate).having(start).when(start).refused("conflict");
});

const anyTask = fc.constantFrom("a", "b", "c");
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(anyTask, fc.nat(2)).map(([task, retries]) => add(task, retries)) },
  { weight: 3, arbitrary: anyTask.map(begin) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        anyTask,
        fc.constantFrom("success" as const, "failed" as const, "cancelled" as const),
        fc.option(fc.integer({ min: 1, max: 3 })),
      )
      .map(([task, outcome, attempt]) => complete(task, outcome, attempt)),
  },
  anyTask.map((taskId): Command => ({
    type: "lose_attempt",
    taskId,
    attempt: 1,
    reason: "died",
    record: {},
  })),
  fc
    .tuple(anyTask, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 3 }))
    .map(([taskId, attempt, exit_code]): Command => ({
      type: "keep_record",
      taskId,
      attempt,
      record: { exit_code },
    })),
  fc.constant<Command>({
    type: "resume_session",
    process: HEIR,
    boot: BOOT,
    owner: OWNER,
    ownerAlive: false,
  }),
  fc.constant<Command>({ type: "end_session", outcome: "success", error: null }),
);

test("whatever is asked and whenever, each task and the session end at most once, and totals are the sum of parts", () => {
  const steps = fc.array(
    fc.record({
      after: fc.integer({ min: -5_000, max: 15_000 }),
      set: fc.constantFrom(0, 0, 0, 9e9),
      command: anyCommand,
    }),
    { size: "max", maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const events = play(all);
      const ends = events.filter(({ type }) => type === "task_ended").map(({ data }) => data["task_id"]);
      expect(new Set(ends).size).toBe(ends.length);
      const ended = events.findIndex(({ type }) => type === "session_ended");
      const after = ended < 0 ? [] : events.slice(ended + 1);
      expect(after.every(({ type }) => type === "record_kept")).toBe(true);
      for (const { type, data } of events) {
        if (type !== "session_ended") continue;
        const { total, succeeded, failed, cancelled, timed_out } = data.tasks;
        expect(total).toBe(succeeded + failed + cancelled + timed_out);
        expect(total).toBe(events.filter((event) => event.type === "task_added").length);
      }
      for (let index = 1; index < events.length; index++) {
        expect(events[index]!.at).toBeGreaterThanOrEqual(events[index - 1]!.at);
      }
    }),
  );
});

/** Decides the commands one after the other, each settled first; checks that a snapshot at any moment is the state. */
function play(
  steps: readonly { readonly after: number; readonly set: number; readonly command: Command }[],
): readonly (SessionEvent & { readonly at: number })[] {
  const position = { state: sessionAggregate.initial(), seq: 0, hash: null, at: 0 };
  const batch = new Batch(sessionAggregate, streamId("session", "sess_1"), position);
  let now = 1_000_000;
  let offsetMs = 0;
  batch.decide({ ...start, now }, []);
  for (const { after, set, command } of steps) {
    now += after + set;
    offsetMs += set;
    batch.settle({ now, boot: { ...BOOT, offsetMs } });
    batch.decide({ ...command, now }, []);
    expect(throughSnapshot(position.state)).toEqual(position.state);
    const { dueAt } = sessionAggregate.head(position.state);
    expect(dueAt === null).toBe(position.state.status === "ended");
  }
  return batch.happened;
}

function throughSnapshot(state: SessionState): SessionState {
  const { snapshot } = sessionAggregate;
  return snapshot.load(snapshot.save(state));
}
