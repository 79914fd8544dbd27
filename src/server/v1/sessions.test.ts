import { afterEach, beforeEach, expect, test } from "vitest";
import { streamOf } from "../../session/stream.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => {
  await v1.close();
});

const FULL = {
  session_name: "everything",
  agent_id: "oracle1",
  session_id: "sess_of1my2own",
  tags: ["research", "h1"],
  metadata: { ticket: 7 },
  max_tasks: 3,
  task_timeout_seconds: 1.5,
  session_timeout_seconds: 60,
  plato_url: "http://localhost:8899",
  scout_room: "my/room",
  emit_tiles: true,
  h1_router_enabled: true,
  h1_router_url: "http://localhost:8902",
  emergence_threshold_offset: -1,
};

test("a session is started under a policy, for an identity, with the roles it holds", async () => {
  await v1.post("/v1/policies", { policy_id: "house", statements: [] });
  for (const role_id of ["reader", "writer"]) await v1.post("/v1/roles", { role_id });
  await v1.post("/v1/identities", { identity_id: "ada", roles: ["reader"] });
  const body = { session_name: "n", agent_id: "oracle1", policy: "house", identity: "ada" };
  const trust = { roles: ["reader", "writer"], record_allows: "all" };
  const started = await v1.post("/v1/sessions", { ...body, ...trust });
  expect(started.body).toMatchObject({ identity_key: "identity:ada", policy_key: "policy:house" });
  const session = await v1.manager.get(started.body.session_id);
  expect((await session.introspect()).roles).toEqual(["reader"]);
  const plain = await v1.get(`/v1/sessions/${await v1.start()}`);
  expect(plain.body).toMatchObject({ identity_key: "identity:oracle1", policy_key: "policy:owner" });
});

test("a session under a policy or for an identity that nobody put is not started", async () => {
  const body = { session_name: "n", agent_id: "oracle1" };
  for (const [wrong, status] of [
    [{ policy: "none" }, 404],
    [{ identity: "none" }, 404],
    [{ policy: "owner" }, 400],
    [{ policy: [] }, 400],
    [{ roles: ["*"] }, 400],
    [{ record_allows: "some" }, 400],
  ] as const)
    expect((await v1.post("/v1/sessions", { ...body, ...wrong })).status, JSON.stringify(wrong)).toBe(status);
  expect((await v1.get("/v1/sessions")).body.sessions).toEqual([]);
});

test("a session is started with every setting there is, and says where it is", async () => {
  const { status, body, headers } = await v1.post("/v1/sessions", FULL);
  expect([status, headers.get("location")]).toEqual([201, "/v1/sessions/sess_of1my2own"]);
  expect(body).toMatchObject({
    session_id: "sess_of1my2own",
    status: "open",
    tags: ["research", "h1"],
    metadata: { ticket: 7 },
    room: "my/room",
    created_at: "2026-05-19T22:45:00Z",
    due_at: "2026-05-19T22:46:00Z",
    config: {
      max_tasks: 3,
      task_timeout_seconds: 1.5,
      session_timeout_seconds: 60,
      h1_router_enabled: true,
      emergence_threshold_offset: -1,
      emit_tiles: true,
      scout_room: "my/room",
      plato_url: "http://localhost:8899",
      deliver_tiles: true,
    },
  });
  const head = await v1.store.head({ stream: streamOf("sess_of1my2own") });
  expect((await v1.get("/v1/sessions/sess_of1my2own")).body).toEqual({
    ...body,
    last_seq: 1,
    last_hash: head?.hash,
  });
  expect((await v1.post("/v1/sessions", FULL)).body.code).toBe("conflict");
});

test("a session that names no PLATO server has its tiles sent nowhere", async () => {
  const id = await v1.start();
  expect((await v1.get(`/v1/sessions/${id}`)).body).toMatchObject({ config: { deliver_tiles: false } });
});

test("settings that are unknown, missing or out of their limits are refused field by field", async () => {
  const { status, body } = await v1.post("/v1/sessions", {
    session_name: "",
    tags: ["a", 5],
    max_tasks: 0,
    role: "operator",
  });
  expect([status, body.code]).toEqual([400, "invalid_argument"]);
  const fields = body.errors.map(({ field }) => field);
  expect(fields.toSorted()).toEqual(
    ["body.agent_id", "body.max_tasks", "body.role", "body.session_name", "body.tags[1]"].toSorted(),
  );
  for (const wrong of [
    { plato_url: "ftp://x" },
    { h1_router_url: "https://user:word@x" },
    { scout_room: "../up" },
    { session_id: "sess_Ü" },
    { on_task_complete: "x" },
    { metadata: [] },
  ]) {
    const refused = await v1.post("/v1/sessions", { session_name: "a", agent_id: "b", ...wrong });
    const faults = refused.body.errors.map(({ field }) => field);
    expect([refused.status, faults]).toEqual([400, Object.keys(wrong).map((name) => `body.${name}`)]);
  }
  expect((await v1.get("/v1/sessions")).body["sessions"]).toEqual([]);
});

test("sessions are listed newest first by status, agent, tag, time and text, page by page", async () => {
  const ids: string[] = [];
  for (const change of [
    { session_name: "Nightly one", tags: ["n"] },
    { session_name: "nightly two", agent_id: "scout" },
    { session_name: "daily", tags: ["n"] },
  ]) {
    ids.push(await v1.start(change));
    await v1.clock.advance(1_000);
  }
  const [one, two, three] = ids;
  await v1.post(`/v1/sessions/${one}/end`, { outcome: "failed", error: "no" });
  const listed = async (query: string) => {
    const { body } = await v1.get(`/v1/sessions?${query}`);
    return body.sessions.map(({ session_id }) => session_id);
  };
  expect(await listed("")).toEqual([three, two, one]);
  expect(await listed("status=open")).toEqual([three, two]);
  expect(await listed("status=failed")).toEqual([one]);
  expect(await listed("agent=scout")).toEqual([two]);
  expect(await listed("tag=n")).toEqual([three, one]);
  expect(await listed("text=NIGHTLY")).toEqual([two, one]);
  expect(
    await listed("created_after=2026-05-19T22:45:01Z&created_before=2026-05-20T00:45:02%2B02:00"),
  ).toEqual([two]);
  const first = await v1.get("/v1/sessions?limit=2");
  const token = first.body.next_page_token!;
  expect(token).toMatch(/^[\w-]+$/);
  expect(await listed(`limit=2&page_token=${token}`)).toEqual([one]);
});

test("a page token that was made up, changed, or is of another list is refused", async () => {
  for (let count = 0; count < 3; count++) await v1.start({ tags: ["n"] });
  const { body } = await v1.get("/v1/sessions?limit=1");
  const token = body.next_page_token!;
  const changed = token.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
  const made = Buffer.from(JSON.stringify(["W10", "000000000000"])).toString("base64url");
  for (const query of [
    `page_token=${changed}`,
    `page_token=${made}`,
    "page_token=",
    "page_token=%00",
    `page_token=${token}&tag=n`,
  ]) {
    const refused = await v1.get(`/v1/sessions?limit=1&${query}`);
    expect([refused.status, refused.body.code], query).toEqual([400, "invalid_argument"]);
  }
});

test("queries that are not known, stand twice or hold nonsense are refused", async () => {
  for (const query of [
    "stauts=open",
    "status=bogus",
    "limit=0",
    "limit=1001",
    "limit=1e2",
    "limit=1&limit=2",
    "created_after=yesterday",
    "text=",
    "tag=%00",
  ]) {
    expect((await v1.get(`/v1/sessions?${query}`)).status, query).toBe(400);
  }
});

test("a session is ended once, and told as what", async () => {
  const id = await v1.start();
  await v1.post(`/v1/sessions/${id}/tasks`, { task_id: "a" });
  const { status, body } = await v1.post(`/v1/sessions/${id}/end`, {
    outcome: "failed",
    error: "out of ideas",
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: "failed",
    outcome: "failed",
    error: "out of ideas",
    due_at: null,
    totals: { total: 1, cancelled: 1 },
  });
  expect((await v1.post(`/v1/sessions/${id}/end`, { outcome: "success" })).body).toEqual(body);
  expect((await v1.post(`/v1/sessions/${id}/end`, { outcome: "bogus" })).status).toBe(400);
});

test("persist answers the five keys, a state is the session as it stood, and a fork goes on from there", async () => {
  const id = await v1.start({ metadata: { a: 1 } });
  await v1.post(`/v1/sessions/${id}/tasks`, { task_id: "a", data: { x: 1 } });
  await v1.post(`/v1/sessions/${id}/tasks/a/complete`, { result: 5 });
  expect((await v1.get(`/v1/sessions/${id}/persist`)).body).toEqual({
    session_id: id,
    metadata: { a: 1 },
    identity_key: "identity:oracle1",
    policy_key: "policy:owner",
    cursor_keys: [],
  });
  const past = await v1.get(`/v1/sessions/${id}/states/2`);
  expect(past.body).toMatchObject({
    seq: 2,
    session: { session_id: id },
    tasks: [{ task_id: "a", status: "pending" }],
  });
  for (const seq of ["0", "99", "-1", "x", "1e1"])
    expect((await v1.get(`/v1/sessions/${id}/states/${seq}`)).status, seq).toBe(400);
  const fork = await v1.post(`/v1/sessions/${id}/fork`, { seq: 2 });
  expect(fork.status).toBe(201);
  expect(fork.headers.get("location")).toBe(`/v1/sessions/${fork.body.session_id}`);
  expect(fork.body).toMatchObject({ status: "open", forked_from: { session_id: id, seq: 2 } });
  expect((await v1.post(`/v1/sessions/${id}/fork`, { seq: 99 })).status).toBe(400);
  expect((await v1.post(`/v1/sessions/${id}/fork`, {})).status).toBe(400);
});

test("what is not there is not found", async () => {
  for (const path of ["", "/persist", "/states/1", "/tasks", "/tasks/a", "/events", "/tiles", "/blobs"]) {
    const { status, body } = await v1.get(`/v1/sessions/sess_none${path}`);
    expect([status, body.code], path).toEqual([404, "not_found"]);
  }
  for (const path of ["/end", "/fork", "/tasks", "/tasks/a/start"]) {
    const { status } = await v1.post(
      `/v1/sessions/sess_none${path}`,
      path === "/fork" ? { seq: 1 } : path === "/tasks" ? { task_id: "a" } : {},
    );
    expect(status, path).toBe(404);
  }
});
