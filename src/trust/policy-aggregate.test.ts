import fc from "fast-check";
import { expect, test } from "vitest";
import { EVENT_BYTES_MAX, encodeEvent, streamId } from "../event/event.ts";
import { Runtime } from "../event/runtime.ts";
import { MemoryStore } from "../store/memory.ts";
import { given } from "../testing/given.ts";
import { parseIdentity } from "./identity.ts";
import { policyAggregate, policyAt, policyOf, type PolicyEvent } from "./policy-aggregate.ts";
import type { Happened, Moment } from "../event/decider.ts";

const statement = (id: string, more: object = {}): object => ({
  id,
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: [`axis.${id}`],
  ...more,
});
const set = (...ids: readonly string[]) =>
  ({ type: "set_policy", statements: ids.map((id) => statement(id)), by: "ada" }) as const;
const put = (id: string, more: object = {}) =>
  ({ type: "put_statement", statement: statement(id, more), by: "ada" }) as const;
const reader = parseIdentity({ id: "bob", roles: ["reader"] });
const stream = streamId("policy", "main");
const moment = (): Moment => ({ now: 1, boot: { id: "b", offsetMs: 0 } });

test("a policy is set, edited and emptied, a version each", () => {
  const { state } = given(policyAggregate)
    .having(set("a", "b"), put("c"), { type: "remove_statement", statementId: "a", by: "ada" })
    .when(put("b", { effect: "deny" }))
    .yields("policy_changed");
  expect([...state.statements.keys()].sort()).toEqual(["b", "c"]);
  expect(state.version).toBe(4);
});

test("an invalid change is refused whole and the old policy stays", () => {
  const scenario = given(policyAggregate).having(set("a"));
  const bad = {
    type: "set_policy",
    statements: [statement("b"), statement("c", { effect: "maybe" })],
    by: "ada",
  } as const;
  const { state } = scenario.when(bad).refused("invalid_argument", /^statements\[1\]\.effect is "maybe"/);
  expect(state.version).toBe(1);
  expect(policyOf(state).evaluate(reader, { action: "read", resource: "axis.a" })).toMatchObject({
    allow: true,
    policyVersion: 1,
  });
});

test("what changes nothing makes no version", () => {
  given(policyAggregate).having(set("a", "b")).when(set("b", "a")).yields();
  given(policyAggregate).having(set("a")).when(put("a")).yields();
});

test("a change for another version is refused", () => {
  given(policyAggregate)
    .having(set("a"), put("b"))
    .when({ ...put("c"), expectedVersion: 1 })
    .refused("conflict", /version 2/);
});

test("a statement that is not there cannot be removed", () => {
  given(policyAggregate)
    .having(set("a"))
    .when({ type: "remove_statement", statementId: "x", by: "ada" })
    .refused("not_found");
});

test("who changes it has a name", () => {
  given(policyAggregate)
    .when({ ...set("a"), by: "*" })
    .refused("invalid_argument", /^by is "\*"/);
});

test("a large policy is written in parts that fit their events, and stands with the last", () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => `β${index}`);
  const { events, state } = given(policyAggregate).when(set(...ids));
  expect(events.length).toBeGreaterThan(10);
  for (const event of events)
    expect(encodeEvent({ ...event, v: 1, stream, prev: null }).bytes.length).toBeLessThan(EVENT_BYTES_MAX);
  expect(state.version).toBe(1);
  expect(policyAt(events, 1).statements).toHaveLength(2_000);
  expect(() => policyAt(events.slice(0, -1), 1)).toThrow(/no version 1/);
});

test("the longest statement of the longest letters fits its event", () => {
  const values = Array.from({ length: 4 }, (_, index) => "語".repeat(3_900) + String(index));
  const { events } = given(policyAggregate).when(put("a", { condition: { "context.x": { in: values } } }));
  expect(encodeEvent({ ...events[0]!, v: 1, stream, prev: null }).bytes.length).toBeLessThan(EVENT_BYTES_MAX);
});

test("every version can be had again, and one that never was cannot", () => {
  const events: Happened<PolicyEvent>[] = [];
  const scenario = given(policyAggregate);
  for (const id of ["a", "b", "c"]) events.push(...scenario.when(put(id)).events);
  expect(
    [0, 1, 2, 3].map((version) =>
      policyAt(events, version)
        .statements.map(({ id }) => id)
        .join(""),
    ),
  ).toEqual(["", "a", "ab", "abc"]);
  expect(() => policyAt(events, 4)).toThrow(/no version 4/);
});

test("folding the events gives the statements that were last set", () => {
  const ids = fc.subarray(["a", "b", "c", "d"]);
  fc.assert(
    fc.property(fc.array(ids, { minLength: 1, maxLength: 6 }), (sets) => {
      const scenario = given(policyAggregate);
      const events = sets.flatMap((one) => scenario.when(set(...one)).events);
      const version = events.at(-1)?.data.version ?? 0;
      expect(policyAt(events, version).statements.map(({ id }) => id)).toEqual(sets.at(-1));
    }),
  );
});

test("a snapshot reads back as the policy it was", () => {
  const { state } = given(policyAggregate)
    .having(set("a", "b"))
    .when(put("c", { cost: 5 }));
  const json = JSON.parse(JSON.stringify(policyAggregate.snapshot.save(state)));
  expect(policyAggregate.snapshot.load(json)).toEqual(state);
});

test("two processes that edit one policy lose neither edit", async () => {
  const log = new MemoryStore();
  const [one, other] = [
    new Runtime({ aggregate: policyAggregate, log, moment }),
    new Runtime({ aggregate: policyAggregate, log, moment }),
  ];
  await Promise.all([one.execute(stream, put("a")), other.execute(stream, put("b"))]);
  const state = await one.refresh(stream);
  expect([...state.statements.keys()].sort()).toEqual(["a", "b"]);
  expect(state.version).toBe(2);
  expect((await other.execute(stream, { ...put("c"), expectedVersion: 1 })).refusal?.code).toBe("conflict");
});
