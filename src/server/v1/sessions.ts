// Sessions: start, find, read, end, fork.
import { z } from "zod";
import { isoTime } from "../../tile/session-tiles.ts";
import type { JsonObject } from "../../event/json.ts";
import type { SessionConfig } from "../../session/config.ts";
import type { SessionSummary } from "../../session/list.ts";
import { RECORD_ALLOWS } from "../../session/decisions.ts";
import { policyStream } from "../../session/policies.ts";
import { trustStream } from "../../session/trust-streams.ts";
import { SESSION_OUTCOMES } from "../../session/outcome.ts";
import { stateAt } from "../../session/past-session.ts";
import { persistedOf } from "../../session/persist.ts";
import { taskDocuments } from "../../session/session-document.ts";
import { encodeId } from "../../session/system-id.ts";
import { pastSession, persisted, session, sessionList } from "./answers.ts";
import { endpoint, type Endpoint, type KeyedRequest } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import {
  flag,
  jsonObject,
  limit,
  message,
  oneOf,
  pageTokenField,
  room,
  seconds,
  sessionId,
  text,
  texts,
  timeText,
  url,
  whole,
  wholeText,
} from "./fields.ts";
import { pageToken, placeIn } from "./page-token.ts";
import { describeSession } from "./session-reader.ts";

const startSession = endpoint({
  method: "post",
  path: "/v1/sessions",
  group: "Sessions",
  summary: "Start a session",
  description: "A session is the boundary around a piece of work. It is durable when this answers.",
  access: "direct",
  body: {
    session_name: text("Human-readable name."),
    agent_id: text("Which agent."),
    session_id: z
      .string()
      .regex(/^sess_[0-9a-z]{1,64}$/, "Pass sess_ and 1 to 64 lower-case letters and digits.")
      .optional()
      .describe("`sess_` and 1 to 64 lower-case letters and digits; left out, a new one is made."),
    tags: texts("For discovery. Default none.").optional(),
    metadata: jsonObject("Kept with the session for whoever reads it. Default {}.").optional(),
    max_tasks: whole(1, 1_000_000, "Hard limit on tasks. Default 50.").optional(),
    task_timeout_seconds: seconds("Per attempt of a task. Default 300.").optional(),
    session_timeout_seconds: seconds("In all. Default 3,600.").optional(),
    plato_url: url("The PLATO server tiles are sent to, http or https. Left out, none are sent.").optional(),
    scout_room: room("The room tiles go to. Default scout-reports/holodeck-session.").optional(),
    emit_tiles: flag("False makes no tiles; events are stored all the same. Default true.").optional(),
    h1_router_enabled: flag("Whether tasks are routed by H¹. Default false.").optional(),
    h1_router_url: url("Default http://localhost:8902.").optional(),
    emergence_threshold_offset: whole(
      -1_000_000,
      1_000_000,
      "Offset of the emergence threshold from V. Default -2.",
    ).optional(),
    policy: text(
      "The id of the policy that says who may do what in it. Default the built-in one: attached agents work on their own tasks.",
    ).optional(),
    identity: text("The id of the identity it acts for. Default agent_id, which need not be put.").optional(),
    roles: z
      .array(text("A role."), "Pass a list of roles.")
      .max(63, "Pass at most 63 roles.")
      .optional()
      .describe(
        "Those asked for; granted are those that are offered and held. Default all the identity holds.",
      ),
    record_allows: oneOf(
      RECORD_ALLOWS,
      "Which allowed decisions are recorded. Default sampled: the first and every hundredth.",
    ).optional(),
  },
  check({ body: { policy, identity, roles = [] } }) {
    if (policy !== undefined) policyStream(policy);
    for (const role of roles) trustStream("role", role);
    if (identity !== undefined) trustStream("identity", identity);
  },
  answer: { status: 201, what: "The session.", schema: session },
  refusals: ["conflict", "not_found"],
  example: {
    path: "/v1/sessions",
    body: { session_name: "constraint-theory-research", agent_id: "oracle1", tags: ["research"] },
    answer: EXAMPLE.session,
  },
  async act({ manager, body, keyed }) {
    const { session_id, policy, identity, roles, record_allows, ...config } = body;
    const id = session_id ?? (keyed === null ? undefined : idOf(keyed));
    const started = await manager.startSession({
      config: configOf(config),
      ...(id !== undefined && { sessionId: id }),
      ...(keyed !== null && { idempotencyKey: keyed.key }),
      ...(policy !== undefined && { policy }),
      ...(identity !== undefined && { identity }),
      ...(roles !== undefined && { roles }),
      ...(record_allows !== undefined && { recordAllows: record_allows }),
    });
    return { status: 201, body: started.describe(), location: `/v1/sessions/${started.sessionId}` };
  },
});

/** The same request leads to the same session; it sorts by when it was asked for. */
function idOf({ key, takenAt }: KeyedRequest): string {
  return `sess_${encodeId(takenAt, Buffer.from(key.slice(-20), "hex"))}`;
}

function configOf(body: {
  readonly session_name: string;
  readonly agent_id: string;
  readonly [field: string]: unknown;
}): SessionConfig {
  const camel = Object.entries(body).map(([name, value]) => [
    name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  // Its members are those of the schema, which are those of SessionConfig: a test starts one with each.
  return Object.fromEntries(camel) as SessionConfig;
}

const listSessions = endpoint({
  method: "get",
  path: "/v1/sessions",
  group: "Sessions",
  summary: "List sessions, newest first",
  description:
    "A session fits all the filters that are given. A page may be short, even empty, and still have a next: text is looked for in a bounded number of sessions at once.",
  access: "anyone",
  query: {
    status: oneOf(
      ["open", "recovery_failed", ...SESSION_OUTCOMES],
      "`open`, an outcome, or `recovery_failed`: open, and given up after three tries to read it.",
    ).optional(),
    agent: text("The agent's id.").optional(),
    tag: text("One of its tags.").optional(),
    created_after: timeText("Created at this time or later.").optional(),
    created_before: timeText("Created before this time.").optional(),
    text: text("What its name or id holds, in whatever case.").optional(),
    limit: limit(50),
    page_token: pageTokenField,
  },
  answer: { what: "A page of sessions.", schema: sessionList },
  example: { path: "/v1/sessions?status=open&tag=research&limit=20", answer: EXAMPLE.sessionList },
  async act({ manager, principal, query }) {
    const {
      status,
      agent,
      tag,
      text: words,
      created_after,
      created_before,
      limit: count,
      page_token,
    } = query;
    const filter = {
      ...(status !== undefined && { status }),
      ...(agent !== undefined && { agentId: agent }),
      ...(tag !== undefined && { tag }),
      ...(words !== undefined && { text: words }),
      ...(created_after !== undefined && { createdFrom: created_after }),
      ...(created_before !== undefined && { createdBefore: created_before }),
    };
    const list = `sessions ${JSON.stringify([principal.sessions, filter])}`;
    const after = placeIn(list, page_token);
    const page = { ...filter, limit: count, ...(after !== undefined && { after }) };
    // Who sees certain sessions alone lists among those.
    const among = principal.sessions === null ? {} : { sessionIds: principal.sessions };
    const { sessions, next } = await manager.list({ ...page, ...among });
    return {
      status: 200,
      body: {
        sessions: sessions.map(summaryDocument),
        next_page_token: next === null ? null : pageToken(list, next),
      },
    };
  },
});

function summaryDocument(summary: SessionSummary): JsonObject {
  const {
    sessionId: session_id,
    sessionName,
    agentId,
    status,
    createdAt,
    dueAt,
    durationMs,
    tasks,
  } = summary;
  return {
    session_id,
    session_name: sessionName,
    agent_id: agentId,
    status,
    created_at: isoTime(createdAt),
    due_at: dueAt === null ? null : isoTime(Math.round(dueAt)),
    duration_seconds: durationMs === null ? null : durationMs / 1_000,
    tasks,
  };
}

const getSession = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}",
  group: "Sessions",
  summary: "Read a session",
  pathFields: { session_id: sessionId },
  answer: { what: "The session, without its tasks.", schema: session },
  refusals: ["not_found"],
  example: { path: `/v1/sessions/${EXAMPLE.id}`, answer: EXAMPLE.session },
  async act({ reader, clock, path }) {
    const body = await reader.read(path.session_id, (state, { seq, hash }) => ({
      ...describeSession(state, clock.now()),
      last_seq: seq,
      last_hash: hash,
    }));
    return { status: 200, body };
  },
});

const endSession = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/end",
  group: "Sessions",
  summary: "End a session",
  description:
    "Tasks that are open are cancelled, then totals and patterns are told. Ending one that has ended changes nothing: the answer tells what it ended as.",
  access: "direct",
  pathFields: { session_id: sessionId },
  body: {
    outcome: oneOf(SESSION_OUTCOMES, "Default success.").optional(),
    error: message("What went wrong.").optional(),
  },
  answer: { what: "The session as it ended.", schema: session },
  refusals: ["not_found"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/end`,
    body: { outcome: "success" },
    answer: EXAMPLE.endedSession,
  },
  async act({ manager, path, body: { outcome, error } }) {
    const found = await manager.get(path.session_id);
    await found.endSession(outcome, error === undefined ? {} : { error });
    return { status: 200, body: found.describe() };
  },
});

const persistSession = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/persist",
  group: "Sessions",
  summary: "Persist a session: what finds it again",
  description: "Five keys to keep elsewhere. The session itself is in the store already.",
  pathFields: { session_id: sessionId },
  answer: { what: "What `session.persist()` answers.", schema: persisted },
  refusals: ["not_found"],
  example: { path: `/v1/sessions/${EXAMPLE.id}/persist`, answer: EXAMPLE.persisted },
  async act({ reader, path }) {
    const { ...body } = await reader.read(path.session_id, persistedOf);
    return { status: 200, body };
  },
});

const stateOfSession = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/states/{seq}",
  group: "Sessions",
  summary: "Read a session as it stood",
  description: "After its event `seq`, with its tasks. GET its events to see which there are.",
  pathFields: {
    session_id: sessionId,
    seq: wholeText(1, Number.MAX_SAFE_INTEGER, "The seq of one of its events."),
  },
  answer: { what: "The session and its tasks then.", schema: pastSession },
  refusals: ["not_found", "pruned"],
  example: { path: `/v1/sessions/${EXAMPLE.id}/states/3` },
  async act({ store, path }) {
    const { state, seq, at, hash } = await stateAt(store, path.session_id, path.seq);
    const body = {
      seq,
      at: isoTime(at),
      hash,
      session: describeSession(state, at),
      tasks: taskDocuments(state),
    };
    return { status: 200, body };
  },
});

const forkSession = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/fork",
  group: "Sessions",
  summary: "Fork a session",
  description:
    "A new session that starts from the state after event `seq`: its tasks and how they ended are carried over, and its time begins anew. This one stays as it is.",
  access: "direct",
  pathFields: { session_id: sessionId },
  body: { seq: whole(1, Number.MAX_SAFE_INTEGER, "The seq of the last event that counts.") },
  answer: { status: 201, what: "The new session.", schema: session },
  refusals: ["not_found", "pruned"],
  example: { path: `/v1/sessions/${EXAMPLE.id}/fork`, body: { seq: 3 }, answer: EXAMPLE.fork },
  async act({ manager, path, body, keyed }) {
    const found = await manager.get(path.session_id);
    const options = keyed === null ? {} : { idempotencyKey: keyed.key };
    const fork = await found.fork(body.seq, options);
    return { status: 201, body: fork.describe(), location: `/v1/sessions/${fork.sessionId}` };
  },
});

export const sessionEndpoints: readonly Endpoint[] = [
  startSession,
  listSessions,
  getSession,
  endSession,
  persistSession,
  stateOfSession,
  forkSession,
];
