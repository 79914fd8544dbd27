import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bootId } from "../run/host.ts";
import { SystemClock } from "../session/system-clock.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import { startServer, type RunningServer } from "./main.ts";

let folder = "";
let store: Store | null = null;
let server: RunningServer | null = null;
const reported: unknown[] = [];
const report = (error: unknown): void => void reported.push(error);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-server-"));
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
  reported.length = 0;
});

async function start(): Promise<string> {
  store = await openStore(join(folder, "holodeck.db"));
  const clock = new SystemClock(bootId());
  server = await startServer({ store, clock, port: 0, routerPort: 0, version: "1.2.3", report });
  return `http://127.0.0.1:${server.port}`;
}

async function stop(): Promise<void> {
  await server?.close();
  await store?.close();
  [server, store] = [null, null];
}

async function post(url: string, body: object, key: string, type = "application/json") {
  const headers = { "content-type": type, "idempotency-key": key };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test("a request is answered as before the restart, and has its effect once", async () => {
  const posts: (readonly [string, object])[] = [["/v1/sessions", { session_name: "n", agent_id: "a" }]];
  const url = await start();
  const started = await post(`${url}${posts[0]![0]}`, posts[0]![1], "k0");
  const { session_id } = JSON.parse(started.text) as { session_id: string };
  posts.push(
    [`/v1/sessions/${session_id}/tasks`, { task_id: "t", data: { large: "x".repeat(40_000) } }],
    [`/v1/sessions/${session_id}/tasks/t/complete`, { result: 5 }],
    [`/v1/sessions/${session_id}/tasks/t/complete`, { result: 6 }],
    [`/v1/sessions/${session_id}/fork`, { seq: 2 }],
  );
  const answers = [started];
  for (const [index, [path, body]] of posts.entries())
    if (index > 0) answers.push(await post(`${url}${path}`, body, `k${index}`));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 200, 409, 201]);
  await stop();

  const again = await start();
  const end = await store?.end();
  for (const [index, [path, body]] of posts.entries()) {
    const { status, text, headers } = await post(`${again}${path}`, body, `k${index}`);
    expect([status, text], path).toEqual([answers[index]!.status, answers[index]!.text]);
    expect(headers.get("idempotency-replayed")).toBe("true");
    expect((await post(`${again}${path}`, { ...body, seq: 1, x: 1 }, `k${index}`)).status).toBe(400);
  }
  const other = await post(`${again}/v1/sessions`, { session_name: "other", agent_id: "a" }, "k0");
  expect(other.status).toBe(422);
  expect(await store?.end()).toEqual(end);
  expect(reported).toEqual([]);
});

test("PLATO and /v1 answer on one port, each in its own words, also at the door", async () => {
  const url = await start();
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: "ok" });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${url}/nothing`)).json()).toEqual({ error: expect.any(String) as string });
  const missing = await fetch(`${url}/v1/nothing`);
  expect(missing.headers.get("content-type")).toBe("application/problem+json");
  const form = await post(`${url}/v1/sessions`, {}, "k", "text/plain");
  expect([form.status, form.headers.get("content-type")]).toEqual([415, "application/problem+json"]);
  expect(JSON.parse(form.text)).toMatchObject({ code: "unsupported_media_type", status: 415 });
  const plain = await post(`${url}/submit`, {}, "k", "text/plain");
  expect(JSON.parse(plain.text)).toEqual({ error: expect.any(String) as string });
  const page = await fetch(`${url}/v1/docs`);
  expect(page.headers.get("content-security-policy")).toContain("style-src 'sha256-");
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
});

test("the router takes /reset without a body, as clients send it, and others say what they miss", async () => {
  const url = await start();
  const router = `http://127.0.0.1:${server?.routerPort}`;
  const bare = { method: "POST" };
  expect(await (await fetch(`${router}/reset`, bare)).json()).toEqual({ status: "reset" });
  expect((await fetch(`${router}/reset`, { ...bare, headers: { origin: "null" } })).status).toBe(403);
  expect((await fetch(`${router}/complete`, bare)).status).toBe(400);
  expect((await fetch(`${url}/submit`, bare)).status).toBe(400);
  expect((await fetch(`${url}/v1/sessions`, bare)).status).toBe(415);
});

test("a session's tiles stand in its room for PLATO's readers, and what is counted is told", async () => {
  const url = await start();
  await post(`${url}/v1/sessions`, { session_name: "n", agent_id: "a", scout_room: "my/room" }, "k");
  const room = (await (await fetch(`${url}/room/my/room`)).json()) as { tiles: readonly object[] };
  expect(room.tiles).toMatchObject([{ question: "[SESSION_START] a:n" }]);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("holodeck_session_active_total 1");
});

test("the store stays its owner's when the server closes", async () => {
  await start();
  await server?.close();
  server = null;
  expect(await store?.end()).toEqual([0]);
});

test("where a key is asked for, /v1 asks for it as a problem, and a key opens it", async () => {
  store = await openStore(join(folder, "holodeck.db"));
  const clock = new SystemClock(bootId());
  const key = `hk_${"k".repeat(43)}`;
  const operatorKeys = [key];
  server = await startServer({
    store,
    clock,
    port: 0,
    routerPort: 0,
    version: "1.2.3",
    report,
    operatorKeys,
  });
  const url = `http://127.0.0.1:${server.port}`;
  const refused = await fetch(`${url}/v1/sessions`);
  expect([refused.status, refused.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
  expect(refused.headers.get("www-authenticate")).toContain("Bearer");
  expect(await refused.json()).toMatchObject({ code: "unauthenticated", status: 401, retryable: false });
  const opened = await fetch(`${url}/v1/sessions`, { headers: { authorization: `Bearer ${key}` } });
  expect(opened.status).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
