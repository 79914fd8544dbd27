import { expect, test } from "vitest";
import type { Json } from "../event/json.ts";
import { given } from "../testing/given.ts";
import { keyAggregate, KEYS_MAX, type NewKey } from "./key-aggregate.ts";

const DIGEST = "ab".repeat(32);
const NOW = 86_400_000;
const create = (change: Partial<NewKey> = {}) =>
  ({ type: "create_key", key: { name: "ci", role: "agent", digest: DIGEST, ...change } }) as const;
const revoke = (name = "ci") => ({ type: "revoke_key", name }) as const;

test("a key is made with its name, role and digest, and without a scope sees all", () => {
  const { state, events } = given(keyAggregate).when(create()).yields("key_created");
  expect(state.keys.get("ci")).toEqual({
    name: "ci",
    role: "agent",
    digest: DIGEST,
    sessions: null,
    rooms: null,
    createdAt: NOW,
    expiresAt: null,
    agent: null,
    revokedAt: null,
  });
  expect(events[0]?.data).not.toHaveProperty("key");
});

test("a scope of sessions lets into no room, and one of rooms into no session", () => {
  const ofSessions = given(keyAggregate).when(create({ sessions: ["sess_1"] })).state;
  expect(ofSessions.keys.get("ci")).toMatchObject({ sessions: ["sess_1"], rooms: [] });
  const ofRooms = given(keyAggregate).when(create({ rooms: ["hall"] })).state;
  expect(ofRooms.keys.get("ci")).toMatchObject({ sessions: [], rooms: ["hall"] });
});

test("a key that acts as an agent sees nothing by its role, and says whose it is and where", () => {
  const { state } = given(keyAggregate).when(create({ agent: "bot", sessions: ["sess_1"] }));
  const seesNone = { sessions: [], rooms: [] };
  expect(state.keys.get("ci")).toMatchObject({ ...seesNone, agent: { name: "bot", sessions: ["sess_1"] } });
  const anywhere = given(keyAggregate).when(create({ agent: "bot" })).state;
  expect(anywhere.keys.get("ci")).toMatchObject({ ...seesNone, agent: { name: "bot", sessions: null } });
});

test("a name is taken until its key is revoked, and revoking twice is revoking once", () => {
  const scenario = given(keyAggregate).having(create());
  scenario.when(create()).refused("conflict", /"ci" already/);
  scenario.when(revoke()).yields("key_revoked");
  scenario.when(revoke()).yields();
  const { state } = scenario.when(create({ role: "observer" })).yields("key_created");
  expect(state.keys.get("ci")).toMatchObject({ role: "observer", revokedAt: null });
});

test.each<[string, Partial<NewKey>]>([
  ["a role there is none of", { role: "root" }],
  ["a name that hides", { name: "c\u200bi" }],
  ["no digest", { digest: "hk_secret" }],
  ["an operator with a scope", { role: "operator", rooms: ["hall"] }],
  ["an observer that acts as an agent", { role: "observer", agent: "bot" }],
  ["an agent that hides", { agent: "b*t" }],
  ["an agent's key for rooms", { agent: "bot", rooms: ["hall"] }],
  ["an end that is past", { expiresAt: NOW }],
  ["an end that is no time", { expiresAt: Number.NaN }],
  ["an empty scope", { rooms: [] }],
  ["a scope too long", { rooms: Array.from({ length: 101 }, (_, index) => `r${index}`) }],
])("%s is refused and changes nothing", (_name, change) => {
  const { state } = given(keyAggregate).when(create(change)).refused("invalid_argument");
  expect(state.keys.size).toBe(0);
});

test("what there is not cannot be revoked", () => {
  given(keyAggregate)
    .when(revoke("nobody"))
    .refused("not_found", /nobody/);
});

test("keys that hold are bounded, those that were revoked are remembered a hundred at a time", () => {
  const names = Array.from({ length: KEYS_MAX }, (_, index) => `k${index}`);
  const full = given(keyAggregate).having(...names.map((name) => create({ name })));
  full.when(create()).refused("conflict", /1000 keys/);
  const { state } = full.having(...names.slice(0, 150).map(revoke)).when(create());
  expect(state.keys.size).toBe(KEYS_MAX - 150 + 100 + 1);
  expect(state.keys.has("k49")).toBe(false);
  expect(state.keys.has("k50")).toBe(true);
});

test("a snapshot brings back the same keys", () => {
  const { state } = given(keyAggregate)
    .having(create({ rooms: ["hall"] }), revoke())
    .when(create({ name: "b" }));
  const { snapshot } = keyAggregate;
  expect(snapshot.load(JSON.parse(JSON.stringify(snapshot.save(state))) as Json)).toEqual(state);
});
