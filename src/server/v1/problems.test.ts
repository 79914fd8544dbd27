import { afterEach, beforeEach, expect, test } from "vitest";
import { HolodeckError, type ErrorCode } from "../../event/error.ts";
import { V1Caller } from "../../testing/v1-caller.ts";
import { PROBLEM_KINDS, problemOf, problemResponse } from "./problems.ts";

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => await v1.close());

const CODES = Object.keys(PROBLEM_KINDS) as ErrorCode[];

test.each(CODES)("%s is a problem with a stable type, what to do, and whether to try again", async (code) => {
  const response = problemResponse(new HolodeckError(code, { what: "It is so.", todo: "Do this." }));
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const body = (await response.json()) as Record<string, unknown>;
  const { status, title, retryable } = PROBLEM_KINDS[code];
  expect(body).toEqual({
    type: `urn:holodeck:problem:${code}`,
    title,
    status,
    code,
    detail: status < 500 ? "It is so." : `${title}. The server's log tells what.`,
    todo: status < 500 ? "Do this." : expect.any(String),
    retryable,
  });
  expect(response.status).toBe(status);
  expect(response.headers.has("retry-after")).toBe(retryable);
});

test("an error nobody meant tells nothing of itself", () => {
  const { code, body } = problemOf(new TypeError("secret /var/lib/holodeck.db"));
  expect([code, body["status"]]).toEqual(["internal", 500]);
  expect(JSON.stringify(body)).not.toContain("secret");
});

test("a store that fails is told to who runs the server, and not to who asks", async () => {
  await v1.store.close();
  const { status, text } = await v1.get("/v1/sessions");
  expect(status).toBe(503);
  expect(text).not.toContain("memory:");
  expect(v1.reported.splice(0)).toMatchObject([{ code: "store_closed" }]);
});

test("paths that are not there are 404, methods that are not there are 405 and told which are", async () => {
  expect((await v1.get("/v1/nothing")).body.code).toBe("not_found");
  expect((await v1.post("/v1/sessions/x/tasks/y/dance")).status).toBe(404);
  for (const [method, path, allow] of [
    ["DELETE", "/v1/sessions", "GET, POST"],
    ["PUT", "/v1/sessions/sess_x", "GET"],
    ["PATCH", "/v1/sessions/sess_x/tasks/a/start", "POST"],
    ["OPTIONS", "/v1/rooms", "GET"],
  ] as const) {
    const response = await v1.app.request(path, { method });
    expect([response.status, response.headers.get("allow")], path).toEqual([405, allow]);
    expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
  }
});

test("a body that is no JSON by its type is 415, one that is too large 413", async () => {
  const post = async (type: string | null, body: string) =>
    await v1.app.request("/v1/sessions", {
      method: "POST",
      body: Buffer.from(body),
      headers: type === null ? {} : { "content-type": type },
    });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", null]) {
    const response = await post(type, "{}");
    expect([response.status, await response.json()], String(type)).toMatchObject([
      415,
      { code: "unsupported_media_type" },
    ]);
  }
  const large = await post("application/json", JSON.stringify({ metadata: { x: "x".repeat(1024 * 1024) } }));
  expect([large.status, await large.json()]).toMatchObject([413, { code: "event_too_large" }]);
  const tooMuch = await v1.post("/v1/sessions", {
    session_name: "n",
    agent_id: "a",
    metadata: { x: "x".repeat(70_000) },
  });
  expect([tooMuch.status, tooMuch.body.code]).toEqual([413, "event_too_large"]);
});

test("requests that are nonsense are 4xx wherever they come, and change nothing", async () => {
  const id = await v1.start();
  const before = await v1.store.end();
  const nonsense = [
    "",
    "{",
    "[]",
    "5",
    '"x"',
    "null",
    '{"a":1,"a":2}',
    '{"__proto__":{"role":"operator"}}',
    '{"constructor":{}}',
    "[".repeat(100_000),
    '{"a":'.repeat(1_000) + "1" + "}".repeat(1_000),
    '{"session_name":"\\ud800","agent_id":"a"}',
    '{"session_name":"a","agent_id":"b","metadata":{"n":1e400}}',
    '{"seq":-1}',
    '{"seq":1e308}',
    '{"seq":0.5}',
    "\u0000",
    '{"outcome":["success"]}',
  ];
  const paths = [
    "",
    `/${id}/end`,
    `/${id}/fork`,
    `/${id}/tasks`,
    `/${id}/tasks/a/complete`,
    "/%00/end",
    "/%ff/end",
    "/%/end",
    `/${"x".repeat(3_000)}/end`,
  ];
  for (const path of paths) {
    for (const body of nonsense) {
      const { status } = await v1.post(`/v1/sessions${path}`, body);
      expect([status >= 400 && status < 500, path, body.slice(0, 40)]).toEqual([
        true,
        path,
        body.slice(0, 40),
      ]);
    }
  }
  for (const path of [
    "/%00",
    "/%ff",
    "/..%2f..",
    "/sess_%0a",
    `/${id}/states/${"9".repeat(30)}`,
    `/${id}/blobs/%2e`,
  ]) {
    const { status } = await v1.get(`/v1/sessions${path}`);
    expect(status >= 400 && status < 500, path).toBe(true);
  }
  expect(await v1.store.end()).toEqual(before);
});
