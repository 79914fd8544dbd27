// Tasks as they are read: one, many, a result of any size.
import { loadResult } from "../../session/results.ts";
import { taskDocument, taskDocuments } from "../../session/session-document.ts";
import { task, taskList, taskResult } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { limit, oneOf, pageTokenField, sessionId, taskId } from "./fields.ts";
import { pageToken, placeIn } from "./page-token.ts";
import { findTask } from "./session-reader.ts";

const TASKS_PATH = `/v1/sessions/${EXAMPLE.id}/tasks`;

const listTasks = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/tasks",
  group: "Tasks",
  summary: "List tasks, in the order they came",
  pathFields: { session_id: sessionId },
  query: {
    status: oneOf(["pending", "running", "ended"], "Only those.").optional(),
    limit: limit(100),
    page_token: pageTokenField,
  },
  answer: { what: "A page of tasks.", schema: taskList },
  refusals: ["not_found"],
  example: {
    path: `${TASKS_PATH}?status=running`,
    answer: { tasks: [EXAMPLE.runningTask], next_page_token: null },
  },
  async act({ reader, path, query }) {
    const { status, limit: count, page_token } = query;
    const list = `tasks ${JSON.stringify([path.session_id, status])}`;
    // Tasks stay in the order they came: a place among all of them holds whatever changes meanwhile.
    const from = Number(placeIn(list, page_token) ?? 0);
    const tasks = await reader.read(path.session_id, taskDocuments);
    const rest = tasks
      .map((document, index) => ({ document, index }))
      .slice(from)
      .filter(({ document }) => status === undefined || document["status"] === status);
    const page = rest.slice(0, count);
    const last = page.at(-1);
    const next = last === undefined || rest.length <= count ? null : pageToken(list, String(last.index + 1));
    return { status: 200, body: { tasks: page.map(({ document }) => document), next_page_token: next } };
  },
});

const getTask = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/tasks/{task_id}",
  group: "Tasks",
  summary: "Read a task",
  pathFields: { session_id: sessionId, task_id: taskId },
  answer: { what: "The task.", schema: task },
  refusals: ["not_found", "task_not_found"],
  example: { path: `${TASKS_PATH}/analyze`, answer: EXAMPLE.task },
  async act({ reader, path }) {
    const body = await reader.read(path.session_id, (state) =>
      taskDocument(findTask(state, path.task_id), state.agentId),
    );
    return { status: 200, body };
  },
});

const getResult = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/tasks/{task_id}/result",
  group: "Tasks",
  summary: "Read a task's result, whatever its size",
  pathFields: { session_id: sessionId, task_id: taskId },
  answer: { what: "The result.", schema: taskResult },
  refusals: ["not_found", "task_not_found", "pruned"],
  example: {
    path: `${TASKS_PATH}/analyze/result`,
    answer: { task_id: "analyze", result: { patterns_found: 5 } },
  },
  async act({ store, reader, path }) {
    const { result, record, pruned } = await reader.read(path.session_id, (state) => ({
      ...findTask(state, path.task_id),
      pruned: state.pruned !== null,
    }));
    const isPruned = async () => await Promise.resolve(pruned);
    const whole = await loadResult(store, result, record, isPruned);
    return { status: 200, body: { task_id: path.task_id, result: whole ?? null } };
  },
});

export const taskReadingEndpoints: readonly Endpoint[] = [listTasks, getTask, getResult];
