// Policies, identities and roles over HTTP: as the library has them, for operators alone.
import { afterEach, beforeEach, expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";
import type { Principal } from "../principal.ts";
import { ENDPOINTS } from "./app.ts";

const READING = { id: "r", roles: ["reader"], effect: "permit", actions: ["read"], resources: ["axis.*"] };

let v1 = new V1Caller();
beforeEach(() => void (v1 = new V1Caller()));
afterEach(async () => await v1.close());

function as(role: Principal["role"], change: Partial<Principal> = {}): void {
  v1.principal = { name: "laptop", role, sessions: null, rooms: null, expiresAt: null, ...change };
}

test("a policy is put, changed statement by statement, and read as it stood", async () => {
  const put = await v1.post("/v1/policies", { policy_id: "house", statements: [READING] });
  expect(put.body).toMatchObject({
    policy_id: "house",
    key: "policy:house",
    version: 1,
    statements: [{ id: "r", effect: "allow", cost: 0 }],
  });
  const shut = { ...READING, id: "shut", effect: "deny" };
  const more = await v1.post("/v1/policies/house/statements", { statement: shut });
  expect(more.body["statements"]).toMatchObject([{ id: "r" }, { id: "shut" }]);
  const less = await v1.post("/v1/policies/house/statements/r/remove");
  expect(less.body).toMatchObject({ version: 3, statements: [{ id: "shut" }] });
  expect((await v1.get("/v1/policies/house?version=1")).body).toEqual(put.body);
  expect((await v1.get("/v1/policies/house?version=0")).body["statements"]).toEqual([]);
  expect((await v1.get("/v1/policies/house")).body).toEqual(less.body);
  expect((await v1.manager.policies.get("house")).version).toBe(3);
  for (const path of ["/v1/policies/none", "/v1/policies/house?version=4", "/v1/policies/none/audit"])
    expect((await v1.get(path)).status, path).toBe(404);
  expect((await v1.post("/v1/policies/house/statements/r/remove")).status).toBe(404);
});

test("a change that is not sound is refused whole, with the path of what is wrong", async () => {
  await v1.post("/v1/policies", { policy_id: "house", statements: [] });
  const wrong = { policy_id: "house", statements: [READING, { ...READING, id: "x", effect: "maybe" }] };
  const refused = await v1.post("/v1/policies", wrong);
  expect([refused.status, refused.body["detail"]]).toEqual([
    400,
    expect.stringContaining("statements[1].effect"),
  ]);
  for (const body of [
    { policy_id: "owner", statements: [] },
    { policy_id: "a*", statements: [] },
    { policy_id: "house", statements: [], by: "somebody else" },
    { policy_id: "house", statements: READING },
  ])
    expect((await v1.post("/v1/policies", body, { "idempotency-key": "k" })).status).toBe(400);
  expect((await v1.get("/v1/policies/house")).body["version"]).toBe(1);
  // What was refused before it was taken in has spent no key.
  const sound = { policy_id: "other", statements: [] };
  expect((await v1.post("/v1/policies", sound, { "idempotency-key": "k" })).status).toBe(200);
});

test("a change for another version than there is, is a conflict", async () => {
  const body = { policy_id: "house", statements: [READING] };
  expect((await v1.post("/v1/policies", { ...body, expected_version: 1 })).status).toBe(409);
  expect((await v1.post("/v1/policies", { ...body, expected_version: 0 })).status).toBe(200);
  const ada = { identity_id: "ada", expected_version: 5 };
  expect((await v1.post("/v1/identities", ada)).body.code).toBe("conflict");
});

test("an identity holds what is put and granted, until it is revoked or the identity removed", async () => {
  const ada = { identity_id: "ada", nickname: "Ada", metadata: { team: "blue" }, roles: ["reader"] };
  const put = await v1.post("/v1/identities", ada);
  expect(put.body).toEqual({ ...ada, key: "identity:ada", version: 1, status: "active" });
  const granted = await v1.post("/v1/identities/ada/grant", { role_id: "writer" });
  expect(granted.body).toMatchObject({ version: 2, roles: ["reader", "writer"] });
  const revoked = await v1.post("/v1/identities/ada/revoke", { role_id: "reader" });
  expect(revoked.body).toMatchObject({ version: 3, roles: ["writer"] });
  expect((await v1.post("/v1/identities/ada/remove")).body).toEqual({
    identity_id: "ada",
    status: "removed",
  });
  for (const path of ["/v1/identities/ada", "/v1/identities/none"])
    expect((await v1.get(path)).status).toBe(404);
  expect((await v1.get("/v1/identities/ada?version=2")).body).toEqual(granted.body);
  expect((await v1.post("/v1/identities/ada/grant", { role_id: "writer" })).status).toBe(404);
  await v1.post("/v1/identities", { identity_id: "ada" });
  expect((await v1.get("/v1/identities/ada?version=2")).body).toEqual(granted.body);
  expect((await v1.get("/v1/identities/ada?version=4")).body).toMatchObject({ status: "removed", roles: [] });
  expect((await v1.get("/v1/identities/ada")).body).toMatchObject({ version: 5, roles: [], metadata: {} });
});

test("a role is put, retired, and offered again", async () => {
  const put = await v1.post("/v1/roles", { role_id: "reader", description: "reads" });
  expect(put.body).toMatchObject({ key: "role:reader", version: 1, status: "active", description: "reads" });
  expect((await v1.post("/v1/roles/reader/retire")).body).toMatchObject({ version: 2, status: "retired" });
  expect((await v1.post("/v1/roles", { role_id: "reader" })).body).toMatchObject({ status: "active" });
  expect((await v1.get("/v1/roles/reader")).body).toMatchObject({ version: 3, description: "" });
  expect((await v1.post("/v1/roles/none/retire")).status).toBe(404);
});

test("who changed one is told by the name of the key, page by page", async () => {
  as("operator");
  await v1.post("/v1/roles", { role_id: "reader" });
  as("operator", { name: `auth0|${"*".repeat(200)}` });
  await v1.post("/v1/roles/reader/retire");
  const first = (await v1.get("/v1/roles/reader/audit?limit=1")).body;
  expect(first).toMatchObject({
    changes: [{ version: 1, by: "laptop", type: "role_put", fields: { role: { id: "reader" } } }],
    next_after_version: 1,
  });
  const second = (await v1.get("/v1/roles/reader/audit?after_version=1")).body;
  expect(second).toMatchObject({ changes: [{ version: 2, type: "role_retired" }], next_after_version: null });
  expect(JSON.stringify(second)).toContain('"by":"key:auth0%7C%2A');
});

test("what was put is listed, page by page", async () => {
  for (const role_id of ["a", "b"]) {
    await v1.post("/v1/roles", { role_id });
    await v1.clock.advance(1_000);
  }
  await v1.post("/v1/roles/a/retire");
  const first = (await v1.get("/v1/roles?limit=1")).body;
  expect(first["items"]).toMatchObject([{ id: "b", key: "role:b", version: 1, status: "active" }]);
  const second = (await v1.get(`/v1/roles?page_token=${first.next_page_token}`)).body;
  expect(second).toMatchObject({ items: [{ id: "a", status: "retired" }], next_page_token: null });
  expect((await v1.get(`/v1/policies?page_token=${first.next_page_token}`)).status).toBe(400);
});

test("a change under an idempotency key is made once, and answered as the first time", async () => {
  const key = { "idempotency-key": "k" };
  await v1.post("/v1/identities", { identity_id: "ada" });
  const first = await v1.post("/v1/identities/ada/grant", { role_id: "reader" }, key);
  await v1.post("/v1/identities/ada/revoke", { role_id: "reader" });
  const again = await v1.post("/v1/identities/ada/grant", { role_id: "reader" }, key);
  expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([first.text, "true"]);
  expect((await v1.get("/v1/identities/ada")).body["roles"]).toEqual([]);
  expect((await v1.post("/v1/identities/ada/grant", { role_id: "writer" }, key)).status).toBe(422);
});

const OF_TRUST = ENDPOINTS.filter(({ path }) => /^\/v1\/(policies|identities|roles)/.test(path));

test.each(OF_TRUST.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  "%s is for operators without a scope, and tells others nothing",
  async (_, { method, example }) => {
    await v1.post("/v1/policies", { policy_id: "house", statements: [READING] });
    await v1.post("/v1/identities", { identity_id: "ada" });
    await v1.post("/v1/roles", { role_id: "reader" });
    const before = await v1.store.end();
    const bot = { name: "bot", sessions: null };
    for (const [role, change] of [
      ["observer", {}],
      ["agent", {}],
      ["operator", { sessions: ["sess_a"] }],
      ["agent", { sessions: [], rooms: [], agent: bot }],
    ] as const) {
      as(role, change);
      const { status, body } =
        method === "get" ? await v1.get(example.path) : await v1.post(example.path, example.body ?? {});
      expect([status, body.code]).toEqual([403, "denied"]);
    }
    expect(await v1.store.end()).toEqual(before);
  },
);

test("reading changes nothing", async () => {
  await v1.post("/v1/policies", { policy_id: "house", statements: [READING] });
  await v1.post("/v1/identities", { identity_id: "ada" });
  await v1.post("/v1/roles", { role_id: "reader" });
  const before = await v1.store.end();
  for (const { method, example } of OF_TRUST)
    if (method === "get") expect((await v1.get(example.path)).status, example.path).toBe(200);
  expect(await v1.store.end()).toEqual(before);
});
