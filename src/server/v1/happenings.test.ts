import { afterEach, beforeEach, expect, test } from "vitest";
import { leafHash } from "../../event/event.ts";
import { MemoryStore } from "../../store/memory.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

let v1 = new V1Caller();
let session = "";
beforeEach(async () => {
  v1 = new V1Caller();
  session = `/v1/sessions/${await v1.start({ session_name: "one" })}`;
});
afterEach(async () => await v1.close());

interface EventRead extends Readonly<Record<string, unknown>> {
  readonly seq: number;
  readonly hash: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function eventsRead(query = ""): Promise<readonly EventRead[]> {
  return (await v1.get(`${session}/events${query}`)).body["events"] as readonly EventRead[];
}

test("events are read in order and page by page, each with the hash of its bytes", async () => {
  for (const task_id of ["a", "b", "c"]) await v1.post(`${session}/tasks`, { task_id });
  const all = await eventsRead();
  expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  for (const { hash, ...event } of all) expect(leafHash(Buffer.from(JSON.stringify(event)))).toBe(hash);
  const first = await v1.get(`${session}/events?limit=3`);
  expect(first.body["next_after_seq"]).toBe(3);
  const rest = await v1.get(`${session}/events?limit=3&after_seq=3`);
  expect(rest.body).toEqual({ events: [all[3]], next_after_seq: null });
  for (const query of ["after_seq=-1", "after_seq=x", "limit=0", "after=1"])
    expect((await v1.get(`${session}/events?${query}`)).status, query).toBe(400);
});

test("tiles are those of the specification, byte for byte, with a trace and without", async () => {
  const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await v1.post(`${session}/tasks`, { task_id: "a" }, { traceparent: trace });
  await v1.post(`${session}/tasks/a/complete`, { result: { x: 1 } }, { traceparent: trace });
  const tiles = (await v1.get(`${session}/tiles`)).body["tiles"] as readonly { readonly tile: object }[];
  const library = await (await v1.manager.get(session.slice("/v1/sessions/".length))).tiles();
  expect(JSON.stringify(tiles.map(({ tile }) => tile))).toBe(JSON.stringify(library));
  expect(JSON.stringify(tiles)).not.toContain(trace);
  const page = await v1.get(`${session}/tiles?limit=2`);
  expect(page.body).toMatchObject({ tiles: [{ seq: 1 }], next_after_seq: 2 });
});

test("a traceparent stands on the events of its request, and one that is none is passed over", async () => {
  const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await v1.post(`${session}/tasks`, { task_id: "a" }, { traceparent: trace });
  await v1.post(`${session}/tasks`, { task_id: "b" }, { traceparent: "00-nonsense" });
  await v1.post(`${session}/tasks`, { task_id: "c" });
  expect((await eventsRead("?after_seq=1")).map(({ data }) => data["trace"])).toEqual([
    trace,
    undefined,
    undefined,
  ]);
});

test("a session's blobs are listed and read, and no others, whatever its data says", async () => {
  const result = { text: "y".repeat(40_000) };
  await v1.post(`${session}/tasks`, { task_id: "a" });
  const done = await v1.post(`${session}/tasks/a/complete`, { result });
  const { hash, bytes } = done.body["result_blob"] as { readonly hash: string; readonly bytes: number };
  const blobs = await v1.get(`${session}/blobs`);
  expect(blobs.body["blobs"]).toEqual([{ hash, bytes, kind: "result", task_id: "a" }]);
  const got = await v1.get(`${session}/blobs/${hash}`);
  expect(got.text).toBe(JSON.stringify(result));
  expect(got.headers.get("content-type")).toBe("application/octet-stream");
  expect(got.headers.get("content-disposition")).toContain("attachment");

  const other = `/v1/sessions/${await v1.start()}`;
  await v1.post(`${other}/tasks`, { task_id: "thief", data: { result_blob: { hash, bytes } } });
  await v1.post(`${other}/tasks/thief/complete`, {
    result: { result_blob: { hash, bytes }, output: { hash } },
  });
  const refused = await v1.get(`${other}/blobs/${hash}`);
  expect([refused.status, refused.body.code]).toEqual([404, "not_found"]);
  expect((await v1.get(`${other}/blobs/${"0".repeat(64)}`)).status).toBe(404);
  expect((await v1.get(`${other}/blobs/${hash.toUpperCase()}`)).status).toBe(400);
});

test("artifacts are a session's blobs, also those in a list too long for its event, and a fork's", async () => {
  const store = v1.store;
  const put = async (text: string) => ({
    hash: await store.putBlob({ bytes: Buffer.from(text) }),
    bytes: Buffer.byteLength(text),
  });
  const files = [{ path: "a.txt", ...(await put("alpha")) }];
  const listed = [{ path: "b.txt", ...(await put("beta")) }];
  const id = session.slice("/v1/sessions/".length);
  const found = await v1.manager.get(id);
  await found.addTask("t");
  const record = { artifacts: files, artifacts_blob: await put(JSON.stringify(listed)) };
  await found.completeTask("t", "success", { record });
  const blobs = (await v1.get(`${session}/blobs`)).body["blobs"] as readonly {
    kind: string;
    path?: string;
  }[];
  expect(blobs.map(({ kind, path }) => [kind, path])).toEqual([
    ["artifact_list", undefined],
    ["artifact", "a.txt"],
    ["artifact", "b.txt"],
  ]);
  expect((await v1.get(`${session}/blobs/${listed[0]!.hash}`)).text).toBe("beta");
  const fork = await v1.post(`${session}/fork`, { seq: 4 });
  expect((await v1.get(`/v1/sessions/${fork.body.session_id}/blobs/${files[0]!.hash}`)).text).toBe("alpha");
});

test("what was kept of an attempt after the session's end is among its blobs, and of its task", async () => {
  const output = { hash: await v1.store.putBlob({ bytes: Buffer.from("leaving") }), bytes: 7 };
  const found = await v1.manager.get(session.slice("/v1/sessions/".length));
  await found.addTask("t");
  await found.startTask("t");
  await found.endSession("cancelled");
  await found.keepRecord("t", 1, { output });
  expect((await v1.get(`${session}/blobs`)).body["blobs"]).toEqual([
    { ...output, kind: "output", task_id: "t" },
  ]);
  expect((await v1.get(`${session}/blobs/${output.hash}`)).text).toBe("leaving");
  expect((await v1.get(`${session}/tasks/t`)).body).toMatchObject({ outcome: "cancelled", output });
});

test("rooms are listed by name page by page, and a room's tiles newest first", async () => {
  await v1.start({ scout_room: "b/two" });
  await v1.clock.advance(1_000);
  await v1.start({ scout_room: "b/two", session_name: "later" });
  const rooms = await v1.get("/v1/rooms?limit=1");
  expect(rooms.body).toMatchObject({
    rooms: [{ room: "b/two", tiles: 2, created_at: "2026-05-19T22:45:00Z" }],
  });
  const rest = await v1.get(`/v1/rooms?limit=1&page_token=${rooms.body.next_page_token}`);
  expect(rest.body).toMatchObject({
    rooms: [{ room: "scout-reports/holodeck-session" }],
    next_page_token: null,
  });
  const tiles = await v1.get("/v1/rooms/b%2Ftwo/tiles?limit=1");
  expect(tiles.body).toMatchObject({
    room: "b/two",
    tile_count: 2,
    tiles: [{ question: "[SESSION_START] oracle1:later", state: "Active" }],
  });
  const token = tiles.body.next_page_token;
  const older = await v1.get(`/v1/rooms/b%2Ftwo/tiles?limit=1&page_token=${token}`);
  expect(older.body).toMatchObject({
    tiles: [{ question: "[SESSION_START] oracle1:research" }],
    next_page_token: null,
  });
  expect((await v1.get(`/v1/rooms/scout-reports%2Fholodeck-session/tiles?page_token=${token}`)).status).toBe(
    400,
  );
  expect((await v1.get("/v1/rooms/none/tiles")).body.code).toBe("not_found");
});

test("reading changes nothing, not even what has come due", async () => {
  const store = new MemoryStore();
  const one = new V1Caller({ store });
  const id = await one.start({ session_timeout_seconds: 5 });
  await one.post(`/v1/sessions/${id}/tasks`, { task_id: "a" });
  await one.close();
  // A manager that is not open lets nothing fall due by itself.
  const late = new V1Caller({ store, clock: one.clock });
  late.clock.suspend(60_000);
  const before = await store.end();
  for (const path of [
    "",
    "/persist",
    "/states/2",
    "/tasks",
    "/tasks/a",
    "/tasks/a/result",
    "/events",
    "/tiles",
    "/blobs",
  ])
    expect((await late.get(`/v1/sessions/${id}${path}`)).status, path).toBe(200);
  for (const path of [
    "/v1/rooms",
    "/v1/docs",
    "/v1/openapi.json",
    "/v1/health",
    "/healthz",
    "/readyz",
    "/metrics",
  ])
    expect((await late.get(path)).status, path).toBe(200);
  expect(await store.end()).toEqual(before);
  await late.close();
});
