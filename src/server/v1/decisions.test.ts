import { afterEach, beforeEach, expect, test } from "vitest";
import { all } from "../../testing/test-trust.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

const READING = {
  id: "r",
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: ["axis.*"],
  delivery: { decimals: 1 },
};

let v1 = new V1Caller();
let path = "";
let id = "";
beforeEach(async () => {
  v1 = new V1Caller();
  await v1.post("/v1/policies", { policy_id: "house", statements: [READING] });
  await v1.post("/v1/roles", { role_id: "reader" });
  await v1.post("/v1/identities", { identity_id: "ada", roles: ["reader"] });
  id = await v1.start({ policy: "house", identity: "ada", record_allows: "all" });
  path = `/v1/sessions/${id}`;
  await v1.post(`${path}/agents`, { agent_id: "bot" });
});
afterEach(async () => await v1.close());

const ask = async (body: object, headers = {}) =>
  await v1.post(`${path}/decide`, { agent_id: "bot", action: "read", resource: "axis.a", ...body }, headers);

test("the policy decides: allowed with the terms, or denied with the reason why, and both are answers", async () => {
  expect((await ask({})).body).toMatchObject({
    allow: true,
    reasons: ["r"],
    errors: [],
    obligations: [{ kind: "decimals", value: 1 }],
    policy_version: 1,
  });
  expect((await ask({ action: "write" })).body).toMatchObject({ allow: false, reasons: [], errors: [] });
  const stranger = await ask({ agent_id: "eve" });
  expect([stranger.status, stranger.body["errors"]]).toEqual([
    200,
    [{ statement_id: null, what: "Nobody of this name is attached." }],
  ]);
});

test("facts of the resource and of the moment reach the conditions, and those of the session outweigh them", async () => {
  const shut = { id: "shut", roles: ["*"], effect: "deny", actions: ["*"], resources: ["*"] };
  const condition = { "context.locked": true, "resource.attributes.part": "events" };
  await v1.post("/v1/policies/house/statements", { statement: { ...shut, condition } });
  const resource = { id: "axis.a", attributes: { part: "events" } };
  expect((await ask({ resource, context: { locked: true } })).body).toMatchObject({ reasons: ["shut"] });
  expect((await ask({ resource, context: { locked: false } })).body).toMatchObject({ allow: true });
  const forged = { id: `session:${id}/tasks`, attributes: { part: "events" } };
  expect((await ask({ resource: forged, context: { locked: true } })).body).toMatchObject({ reasons: [] });
});

test("a question that cannot be one is refused, and nothing is decided", async () => {
  const before = await v1.store.end();
  for (const wrong of [
    { agent_id: "" },
    { resource: 5 },
    { resource: {} },
    { resource: { id: "a", more: 1 } },
    { context: [] },
    { now: 1 },
  ])
    expect((await ask(wrong)).status, JSON.stringify(wrong)).toBe(400);
  expect(await v1.store.end()).toEqual(before);
});

test("what was allowed under a key is decided anew when it is repeated", async () => {
  const key = { "idempotency-key": "k" };
  expect((await ask({}, key)).body).toMatchObject({ allow: true });
  await v1.post("/v1/identities/ada/revoke", { role_id: "reader" });
  const again = await ask({}, key);
  expect([again.body["allow"], again.headers.get("idempotency-replayed")]).toEqual([false, null]);
});

test("decisions are read page by page, as they were recorded", async () => {
  for (const action of ["read", "write", "read"]) await ask({ action });
  const first = (await v1.get(`${path}/decisions?limit=2`)).body;
  expect(first).toMatchObject({
    decisions: [
      {
        seq: 1,
        allow: true,
        agent_id: "bot",
        action: "read",
        resource: "axis.a",
        policy_key: "policy:house",
      },
      { seq: 2, allow: false, action: "write", asked: { roles: ["attached", "reader"] } },
    ],
    next_after_seq: 2,
  });
  const second = (await v1.get(`${path}/decisions?after_seq=2&limit=2`)).body;
  expect(second).toMatchObject({ decisions: [{ seq: 3 }], next_after_seq: null });
  const session = await v1.manager.get(id);
  const known = (await all(session.decisions())).map(({ decision_id }) => decision_id);
  const told = [first, second].flatMap(
    ({ decisions }) => decisions as readonly { readonly decision_id: string }[],
  );
  expect(told.map(({ decision_id }) => decision_id)).toEqual(known);
});

test("what another policy would have decided is told, and changes nothing", async () => {
  await ask({});
  await ask({ action: "write" });
  await ask({ agent_id: "eve" });
  await v1.post("/v1/policies", { policy_id: "strict", statements: [] });
  const before = await v1.store.end();
  const writing = { ...READING, actions: ["read", "write"] };
  const milder = await v1.post(`${path}/decisions/replay`, { statements: [writing] });
  expect(milder.body).toMatchObject({
    total: 3,
    same: 2,
    unasked: 1,
    lost: 0,
    differences: [
      {
        kind: "now_allowed",
        principal: { id: "bot", roles: ["attached", "reader"] },
        action: "write",
        resource: { id: "axis.a" },
        recorded: { allow: false },
        replayed: { allow: true, reasons: ["r"] },
      },
    ],
  });
  const stricter = await v1.post(`${path}/decisions/replay`, { policy: "strict" });
  expect(stricter.body).toMatchObject({ total: 3, differences: [{ kind: "now_denied" }] });
  expect(await v1.store.end()).toEqual(before);
});

test("a replay names one policy, which is there and sound", async () => {
  for (const [body, status] of [
    [{}, 400],
    [{ policy: "house", statements: [] }, 400],
    [{ policy: "none" }, 404],
    [{ statements: [{ id: "x" }] }, 400],
  ] as const)
    expect((await v1.post(`${path}/decisions/replay`, body)).status, JSON.stringify(body)).toBe(status);
});

test("an ended session still answers what may be done in it, with no", async () => {
  await v1.post(`${path}/end`);
  expect((await ask({})).body).toMatchObject({ allow: false });
  expect((await v1.get(`${path}/decisions`)).body["decisions"]).toHaveLength(1);
});
