import fc from "fast-check";
import { expect, test } from "vitest";
import { given } from "../testing/given.ts";
import { streamId, type Event } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import { contentKey, endKey, requestKey, roomAggregate } from "./room-aggregate.ts";
import { contentHash } from "./content-hash.ts";
import { extrasOf } from "./submitted-tile.ts";
import { tileOf } from "./tile.ts";

const HASH = "a".repeat(64);
const tile = {
  domain: "hall",
  question: "what is it?",
  answer: { error: "x" },
  agent: "oracle1",
  t_minus_event: 5,
};
const submit = { type: "submit_tile", room: "hall", tile, answerBlob: null, supersedes: null } as const;

test("a submitted tile is an event of its room, as it came", () => {
  const { events, state } = given(roomAggregate).when(submit).yields("tile_submitted");
  expect(events[0]).toMatchObject({ room: "hall", data: { tile } });
  expect(roomAggregate.head(state).summary).toEqual({ room: "hall", submitted: 1, retracted: 0 });
});

test("a large answer stands in its blob, and the rest in the event", () => {
  const answerBlob = { hash: HASH, bytes: 40_000, preview: "{" };
  const { events } = given(roomAggregate).when({ ...submit, answerBlob, supersedes: HASH });
  const { answer: _large, ...rest } = tile;
  expect(events[0]?.data).toEqual({ tile: rest, answer_blob: answerBlob, supersedes: HASH });
});

test("a retraction stands in no room", () => {
  given(roomAggregate)
    .having(submit)
    .when({ type: "retract_tile", room: "hall", tileHash: HASH, reason: "wrong" })
    .yields("tile_retracted")
    .events.forEach(({ room, data }) => expect([room, data["tile_hash"]]).toEqual([null, HASH]));
});

test("a room that cannot be is refused", () => {
  given(roomAggregate)
    .when({ ...submit, room: "a//b" })
    .refused("invalid_argument", /empty part/);
});

test("the state stays the same size and comes back from its snapshot", () => {
  const thousand = Array.from({ length: 1_000 }, () => submit);
  const { state } = given(roomAggregate)
    .having(...thousand)
    .when(submit);
  const saved = JSON.stringify(roomAggregate.snapshot.save(state));
  expect(saved.length).toBeLessThan(200);
  expect(roomAggregate.snapshot.load(JSON.parse(saved) as Json)).toEqual(state);
});

test("the tile of a submitted event is as submitted, with the wire's defaults", () => {
  const event: Event = {
    v: 1,
    stream: streamId("room", "hall"),
    seq: 1,
    prev: null,
    at: 1,
    type: "tile_submitted",
    room: "hall",
    data: { tile },
  };
  expect(tileOf(event)).toEqual({
    domain: "hall",
    question: "what is it?",
    answer: { error: "x" },
    tags: [],
    confidence: 0.5,
    source: "oracle1",
  });
  expect(extrasOf(event)).toEqual({ agent: "oracle1", t_minus_event: 5 });
});

test("a content has one key however its members are ordered, and keys of different kinds never meet", () => {
  expect(contentHash("q", { a: 1, b: [{ c: 2, d: 3 }] })).toBe(
    contentHash("q", { b: [{ d: 3, c: 2 }], a: 1 }),
  );
  expect(contentHash("q", "a")).not.toBe(contentHash("qa", ""));
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(new Set([contentKey(one, other), endKey(one), requestKey(one)]).size).toBe(3);
      expect(contentHash(one, other) === contentHash(other, one)).toBe(one === other);
    }),
  );
});

test("different objects have different contents", () => {
  fc.assert(
    fc.property(
      fc.object({ withNullPrototype: false }),
      fc.object({ withNullPrototype: false }),
      (one, other) => {
        const [a, b] = [one, other].map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
        const isSame = sorted(a) === sorted(b);
        expect(contentHash("q", a ?? {}) === contentHash("q", b ?? {})).toBe(isSame);
      },
    ),
  );
});

/** A naive twin: the same text for equal values. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.entries(member).sort(([x], [y]) => (x < y ? -1 : 1))
      : Array.isArray(member)
        ? ["list", ...(member as unknown[])]
        : member,
  );
}
