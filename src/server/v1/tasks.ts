// Tasks of a session: add, find, start, say that they go on, end, route.
import { z } from "zod";
import { TASK_OUTCOMES, TASK_PRIORITIES, type TaskOutcome } from "../../session/outcome.ts";
import type { CompleteOptions, Task } from "../../session/task.ts";
import { starterOf } from "./agent-rights.ts";
import { task } from "./answers.ts";
import { endpoint, type Answer, type Call, type Endpoint, type KeyedRequest } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { json, message, oneOf, seconds, sessionId, taskId, text, texts, whole } from "./fields.ts";
import { taskReadingEndpoints } from "./task-reading.ts";

const ofTask = { session_id: sessionId, task_id: taskId };
const TASK_PATH = `/v1/sessions/${EXAMPLE.id}/tasks/analyze`;

const attempt = whole(
  1,
  Number.MAX_SAFE_INTEGER,
  "The attempt that speaks; it is refused unless it is the running one.",
).optional();
const exitCode = whole(-(2 ** 31), 2 ** 31, "What its process exited with.").optional();
const durationMs = z
  .number("Pass milliseconds from 0 on.")
  .min(0, "Pass milliseconds from 0 on.")
  .max(Number.MAX_SAFE_INTEGER, "Pass fewer milliseconds.")
  .optional()
  .describe("Milliseconds; default the time since the attempt started.");

const addTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks",
  group: "Tasks",
  summary: "Add a task",
  access: "work",
  pathFields: { session_id: sessionId },
  body: {
    task_id: text("An id of its own within the session."),
    data: json("What it is about: any JSON. Default null.").optional(),
    priority: oneOf(TASK_PRIORITIES, "Default normal.").optional(),
    required_capabilities: texts("What its agent must be able to do. Default none.").optional(),
    agent_id: text("Who does it; default the session's agent, or whom it is routed to.").optional(),
    timeout_seconds: seconds("Per attempt; default the session's task_timeout_seconds.").optional(),
    retries: z
      .strictObject({
        max: whole(0, 1_000, "How many more attempts."),
        on: z
          .array(oneOf(["failed", "timeout"], "An outcome."))
          .max(2)
          .optional()
          .describe("After which outcomes. Default both."),
        backoff_seconds: z
          .union([z.literal(0), seconds("Before the first retry, doubled for each further one.")])
          .optional()
          .describe("Before the first retry, doubled for each further one. Default 0."),
      })
      .optional()
      .describe("Further attempts. Default none."),
  },
  answer: { status: 201, what: "The task.", schema: task },
  refusals: ["not_found", "task_exists", "task_limit", "session_ended"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/tasks`,
    body: {
      task_id: "analyze",
      data: { query: "what is emergence?" },
      required_capabilities: ["research"],
    },
    answer: EXAMPLE.task,
  },
  async act({ manager, path, body, keyed }) {
    const {
      task_id,
      data = null,
      priority,
      required_capabilities,
      agent_id,
      timeout_seconds,
      retries,
    } = body;
    const session = await manager.get(path.session_id);
    const added = await session.addTask(task_id, data, {
      ...(priority !== undefined && { priority }),
      ...(required_capabilities !== undefined && { requiredCapabilities: required_capabilities }),
      ...(agent_id !== undefined && { agentId: agent_id }),
      ...(timeout_seconds !== undefined && { timeoutSeconds: timeout_seconds }),
      ...(retries !== undefined && { retries: retriesOf(retries) }),
      ...keyOf(keyed),
    });
    const location = `/v1/sessions/${path.session_id}/tasks/${encodeURIComponent(task_id)}`;
    return { status: 201, body: added.toJSON(), location };
  },
});

interface RetriesGiven {
  readonly max: number;
  readonly on?: readonly ("failed" | "timeout")[] | undefined;
  readonly backoff_seconds?: number | undefined;
}

function retriesOf({ max, on, backoff_seconds }: RetriesGiven) {
  return {
    max,
    ...(on !== undefined && { on }),
    ...(backoff_seconds !== undefined && { backoffSeconds: backoff_seconds }),
  };
}

const startTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/start",
  group: "Tasks",
  summary: "Start an attempt",
  description: "The time of the attempt begins.",
  access: "work",
  pathFields: ofTask,
  body: {
    agent_id: text(
      "Who does it; default whom it was added for or routed to, else the session's agent.",
    ).optional(),
    process: z
      .strictObject({
        host: text("Its machine's name."),
        boot_id: text("Which run of the machine."),
        pid: whole(1, Number.MAX_SAFE_INTEGER, "Its pid."),
        start_time: text("When it started, as the system tells it."),
      })
      .optional()
      .describe(
        "The process that does the work: its death ends the attempt. Left out, nobody here knows it.",
      ),
  },
  answer: { what: "The task.", schema: task },
  refusals: ["not_found", "task_not_found", "conflict", "task_ended", "session_ended"],
  example: { path: `${TASK_PATH}/start`, body: {}, answer: EXAMPLE.runningTask },
  async act({ manager, principal, path, body, keyed }) {
    const session = await manager.get(path.session_id);
    const { agent_id, process = null } = body;
    const starter = starterOf(principal.agent, agent_id);
    const agent = starter === undefined ? {} : { agentId: starter };
    return answerWith(await session.startTask(path.task_id, { ...agent, process, ...keyOf(keyed) }));
  },
});

const heartbeat = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/heartbeat",
  group: "Tasks",
  summary: "Say that an attempt goes on",
  description:
    "Keeps a sign of life, at most one a second unless it says something. It moves no deadline. When it is refused, there is nothing to go on with: stop the work.",
  access: "work",
  pathFields: ofTask,
  body: { attempt, note: message("How far it is, in a sentence.").optional() },
  answer: { what: "The task.", schema: task },
  refusals: ["not_found", "task_not_found", "conflict", "task_ended", "session_ended"],
  example: {
    path: `${TASK_PATH}/heartbeat`,
    body: { attempt: 1, note: "half way" },
    answer: { ...EXAMPLE.runningTask, heartbeat_at: "2026-05-19T22:45:02Z" },
  },
  async act({ manager, path, body, keyed }) {
    const session = await manager.get(path.session_id);
    return answerWith(await session.heartbeat(path.task_id, { ...defined(body), ...keyOf(keyed) }));
  },
});

/** What is told of an end, whichever it is. */
const told = {
  duration_ms: durationMs,
  result: json("Any JSON of any size: what is too large for an event is kept as a blob.").optional(),
  error: message("What went wrong.").optional(),
  attempt,
  exit_code: exitCode,
};

const END_REFUSALS = ["not_found", "task_not_found", "conflict", "task_ended", "session_ended"] as const;

const completeTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/complete",
  group: "Tasks",
  summary: "Complete a task",
  description:
    "A task ends once: a second end is refused and told the first outcome. One that never started is given its start. With retries left a failed one waits for its next attempt.",
  access: "work",
  pathFields: ofTask,
  body: {
    outcome: oneOf(TASK_OUTCOMES, "Default success.").optional(),
    ...told,
  },
  answer: { what: "The task.", schema: task },
  refusals: END_REFUSALS,
  example: {
    path: `${TASK_PATH}/complete`,
    body: { outcome: "success", duration_ms: 2_340, result: { patterns_found: 5 } },
    answer: EXAMPLE.endedTask,
  },
  async act(call) {
    const { outcome = "success", ...rest } = call.body;
    return await end(call, outcome, rest);
  },
});

const failTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/fail",
  group: "Tasks",
  summary: "Fail a task",
  description: "With retries left it waits for its next attempt.",
  access: "work",
  pathFields: ofTask,
  body: told,
  answer: { what: "The task.", schema: task },
  refusals: END_REFUSALS,
  example: {
    path: `${TASK_PATH}/fail`,
    body: { error: "Compilation failed: missing dependency" },
    answer: {
      ...EXAMPLE.endedTask,
      outcome: "failed",
      result: null,
      error: "Compilation failed: missing dependency",
    },
  },
  act: async (call) => await end(call, "failed", call.body),
});

const cancelTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/cancel",
  group: "Tasks",
  summary: "Cancel a task",
  description: "It ends, whether it runs or waits.",
  access: "work",
  pathFields: ofTask,
  body: { reason: message("Why.").optional() },
  answer: { what: "The task.", schema: task },
  refusals: END_REFUSALS,
  example: {
    path: `${TASK_PATH}/cancel`,
    body: { reason: "no longer needed" },
    answer: { ...EXAMPLE.endedTask, outcome: "cancelled", result: null, error: "no longer needed" },
  },
  act: async (call) => await end(call, "cancelled", { error: call.body.reason }),
});

type OfTask = Call<{ readonly session_id: string; readonly task_id: string }, object, object>;

interface Told {
  readonly duration_ms?: number | undefined;
  readonly result?: CompleteOptions["result"] | undefined;
  readonly error?: string | undefined;
  readonly attempt?: number | undefined;
  readonly exit_code?: number | undefined;
}

async function end({ manager, path, keyed }: OfTask, outcome: TaskOutcome, given: Told): Promise<Answer> {
  const { duration_ms, result, error, attempt: speaker, exit_code } = given;
  const session = await manager.get(path.session_id);
  const ended = await session.completeTask(path.task_id, outcome, {
    ...(duration_ms !== undefined && { durationMs: duration_ms }),
    ...(result !== undefined && { result }),
    ...(error !== undefined && { error }),
    ...(speaker !== undefined && { attempt: speaker }),
    // Blobs are not named from outside: a name alone would let its sender read them.
    ...(exit_code !== undefined && { record: { exit_code } }),
    ...keyOf(keyed),
  });
  return answerWith(ended);
}

function answerWith(changed: Task): Answer {
  return { status: 200, body: changed.toJSON() };
}

function keyOf(keyed: KeyedRequest | null): { readonly idempotencyKey?: string } {
  return keyed === null ? {} : { idempotencyKey: keyed.key };
}

/** Without the members that were left out. */
function defined(body: { readonly attempt?: number | undefined; readonly note?: string | undefined }) {
  const { attempt: speaker, note } = body;
  return { ...(speaker !== undefined && { attempt: speaker }), ...(note !== undefined && { note }) };
}

export const taskEndpoints: readonly Endpoint[] = [
  addTask,
  ...taskReadingEndpoints,
  startTask,
  heartbeat,
  completeTask,
  failTask,
  cancelTask,
];
