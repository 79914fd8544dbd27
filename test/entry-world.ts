// A server with something to see in each of its corners, and keys that do not see it: for tests of every way in.
import { expect } from "vitest";
import { z } from "zod";
import { watch } from "../src/omni/field.ts";
import { OmniKind } from "../src/omni/omni-kind.ts";
import { KeyRing } from "../src/server/key-ring.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { testManager } from "../src/testing/test-manager.ts";

export const OPERATOR = "an-operators-key-0123456789";
/** In all that is kept where the foreign key does not see, and in no request. */
export const SECRET = "walrus-4111-1111";
const TILE = {
  domain: "vault",
  question: `where is ${SECRET} kept?`,
  answer: `${SECRET}, in the pond, for good`,
};
export const PROBE = {
  domain: "vault",
  question: "may anybody write here?",
  answer: "twenty characters, a few",
};

export interface World {
  readonly server: RunningServer;
  readonly store: MemoryStore;
  readonly reported: unknown[];
  readonly observer: string;
  /** An agent for the room `vault`, or the session, alone. */
  readonly roomed: string;
  readonly sessioned: string;
  /** An agent without a scope. */
  readonly deputy: string;
  readonly foreign: string;
  /** Acts as an agent that is attached nowhere. */
  readonly stranger: string;
  readonly revoked: string;
  /** What the foreign key sees. */
  readonly mine: string;
  readonly sessionId: string;
  readonly tileHash: string;
  readonly blobHash: string;
}

export interface Asked {
  readonly path: string;
  readonly body?: object;
}
export type Port = "main" | "router";

async function openWorld(): Promise<World> {
  const store = new MemoryStore();
  const clock = new TestClock();
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const parts = { store, clock, port: 0, routerPort: 0, version: "1", report, operatorKeys: [OPERATOR] };
  const server = await startServer(parts);
  const keys = new KeyRing({ store, moment: () => ({ now: clock.now(), boot: clock.boot() }) });
  const post = async (path: string, body: object): Promise<Readonly<Record<string, string>>> => {
    const { status, text } = await ask({ server }, "main", "POST", { path, body }, OPERATOR);
    expect(status, `${path} ${text}`).toBeLessThan(300);
    return JSON.parse(text) as Readonly<Record<string, string>>;
  };
  const started = await post("/v1/sessions", {
    metadata: { card: SECRET },
    session_name: SECRET,
    agent_id: "a",
    scout_room: "vault",
  });
  const sessionId = started["session_id"] ?? "";
  const tasks = `/v1/sessions/${sessionId}/tasks`;
  for (const task_id of ["t", "running", "done"]) await post(tasks, { task_id, data: { card: SECRET } });
  await post(`${tasks}/running/start`, {});
  await post(`${tasks}/done/complete`, { result: { card: SECRET, long: "x".repeat(100_000) } });
  await post(`/v1/sessions/${sessionId}/agents`, { agent_id: "bot", metadata: { card: SECRET } });
  await post(`/v1/sessions/${sessionId}/decide`, { agent_id: "bot", action: "read", resource: SECRET });
  await keepObject(store, clock, sessionId);
  await post("/submit", { room: SECRET, ...TILE });
  const tile = await post("/submit", { room: "vault", ...TILE });
  for (const agent_id of ["a", "b", "c", SECRET]) await post("/v1/fleet/agents", { agent_id });
  for (const b of ["b", SECRET]) await post("/v1/fleet/edges", { a: "a", b, kind: "delegation" });
  await post("/v1/fleet/resources", { resource_id: "r" });
  await post("/v1/fleet/tasks", { task_id: "t" });
  await post("/v1/fleet/route", { task_id: "routed", session_id: "s" });
  await putTrust(post);
  const { session_id: mine = "" } = await post("/v1/sessions", {
    session_name: "mine",
    agent_id: "a",
    scout_room: "hall",
  });
  const observer = await keys.create({ name: "observer", role: "observer" });
  const roomed = await keys.create({ name: "roomed", role: "agent", rooms: ["vault"] });
  const sessioned = await keys.create({ name: "sessioned", role: "agent", sessions: [sessionId] });
  const deputy = await keys.create({ name: "deputy", role: "agent" });
  const foreign = await keys.create({ name: "foreign", role: "agent", sessions: [mine], rooms: ["hall"] });
  const stranger = await keys.create({ name: "stranger", role: "agent", agent: "stranger" });
  const revoked = await keys.create({ name: "revoked", role: "operator" });
  await keys.revoke("revoked");
  const { text } = await ask({ server }, "main", "GET", { path: `${tasks}/done` }, OPERATOR);
  const blobHash = /"hash":"([0-9a-f]{64})"/.exec(text)?.[1] ?? "";
  return {
    server,
    store,
    reported,
    observer,
    roomed,
    sessioned,
    deputy,
    foreign,
    stranger,
    revoked,
    mine,
    sessionId,
    blobHash,
    tileHash: tile["tile_hash"] ?? "",
  };
}

/** By a program that knows its kind: nobody is shown over HTTP what it holds. */
async function keepObject(store: MemoryStore, clock: TestClock, sessionId: string): Promise<void> {
  const Note = new OmniKind("note", {
    token: watch(z.string(), { sensitive: true }),
    title: watch(z.string()),
  });
  const ports = { openStore: async () => await Promise.resolve(store), leavesStoreOpen: true, clock };
  await using manager = testManager({}, ports).manager;
  const session = await manager.get(sessionId);
  await session.manage(Note).create("plan", { token: SECRET, title: SECRET });
}

/** What an operator alone may see: each is listed by a name, and read for what it holds. */
async function putTrust(post: (path: string, body: object) => Promise<unknown>): Promise<void> {
  const statement = { id: SECRET, roles: ["*"], effect: "allow", actions: ["read"], resources: ["*"] };
  for (const policy_id of ["house", SECRET])
    await post("/v1/policies", { policy_id, statements: [statement] });
  for (const identity_id of ["ada", SECRET]) await post("/v1/identities", { identity_id, nickname: SECRET });
  for (const role_id of ["reader", SECRET]) await post("/v1/roles", { role_id, description: SECRET });
}

export async function ask(
  { server }: Pick<World, "server">,
  port: Port,
  method: string,
  { path, body }: Asked,
  key: string | null,
  until = "",
): Promise<{ readonly status: number; readonly text: string }> {
  const stop = new AbortController();
  const response = await fetch(
    `http://127.0.0.1:${port === "main" ? server.port : server.routerPort}${path}`,
    {
      method,
      signal: stop.signal,
      headers: {
        ...(key !== null && { "x-api-key": key }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
  );
  const { status } = response;
  if (until === "" || !response.ok) return { status, text: await response.text() };
  // A live stream goes on: it is read as far as what must come.
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes(until)) break;
  }
  stop.abort();
  return { status, text };
}

export async function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const made = await openWorld();
  try {
    await work(made);
    expect(made.reported).toEqual([]);
  } finally {
    await made.server.close();
  }
}
