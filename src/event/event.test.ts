import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeEvent,
  encodeEvent,
  EVENT_BYTES_MAX,
  leafHash,
  streamId,
  streamKey,
  streamKind,
} from "./event.ts";
import type { Event } from "./event.ts";
import type { Json, JsonObject } from "./json.ts";

const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function event(data: JsonObject): Event {
  return { v: 1, stream: streamId("test", "a"), seq: 1, prev: null, at: 1, type: "noted", room: null, data };
}

test("the hash is SHA-256 over a zero byte and the stored bytes", () => {
  const { bytes, hash } = encodeEvent(event({ text: "β₁ – 日本 🙂" }));
  expect(hash).toBe(createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex"));
  expect(leafHash(bytes)).toBe(hash);
});

test("what is encoded reads back the same, byte for byte", () => {
  const key = fc.string({ unit: "grapheme" }).filter((one) => !FORBIDDEN.has(one));
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, false),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: "grapheme" }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const json = fc.dictionary(key, value);
  fc.assert(
    fc.property(json, (data) => {
      const encoded = encodeEvent(event(data));
      const decoded = decodeEvent(encoded.bytes);
      expect(JSON.stringify(decoded)).toBe(Buffer.from(encoded.bytes).toString());
      expect(encodeEvent(decoded).hash).toBe(encoded.hash);
    }),
  );
});

function nested(depth: number): JsonObject {
  return depth === 1 ? {} : { a: nested(depth - 1) };
}

test.each([
  ["NaN", { x: Number.NaN }, "data of noted.x is NaN"],
  ["an infinity", { list: [1, Number.POSITIVE_INFINITY] }, "data of noted.list[1] is Infinity"],
  ["half a surrogate pair", { x: "a\uD800" }, "surrogate"],
  ["half a surrogate pair in a key", { "a\uDC00": 1 }, "surrogate"],
  ["a date", { x: new Date(0) as unknown as JsonObject }, "not a plain object"],
  ["a function", { x: (() => 1) as unknown as JsonObject }, "of type function"],
  ["a big integer", { x: 1n as unknown as number }, "of type bigint"],
  ["a prototype key", JSON.parse('{"a":{"__proto__":{"b":1}}}'), "forbidden key __proto__"],
  ["a constructor key", { constructor: 1 }, "forbidden key constructor"],
  ["depth 65", nested(65), "nested deeper than 64"],
])("%s is refused, and the error names where it is", (_, data, where) => {
  expect(() => encodeEvent(event(data))).toThrow(expect.objectContaining({ code: "invalid_event" }) as Error);
  expect(() => encodeEvent(event(data))).toThrow(where);
});

test("depth 64 is fine, and a member that is undefined is left out", () => {
  expect(decodeEvent(encodeEvent(event(nested(64))).bytes).data).toEqual(nested(64));
  expect(decodeEvent(encodeEvent(event({ a: undefined, b: 1 })).bytes).data).toEqual({ b: 1 });
});

test("an event holds 64 KiB and not a byte more", () => {
  const around = encodeEvent(event({ text: "" })).bytes.length;
  expect(encodeEvent(event({ text: "x".repeat(EVENT_BYTES_MAX - around) })).bytes).toHaveLength(
    EVENT_BYTES_MAX,
  );
  expect(() => encodeEvent(event({ text: "x".repeat(EVENT_BYTES_MAX - around + 1) }))).toThrow(
    expect.objectContaining({ code: "event_too_large" }) as Error,
  );
});

test.each(["", "null", "{}", '{"v":2,"stream":"a:b","seq":1}', "\u0000", '{"v":1'])(
  "%j is not an event",
  (text) => {
    expect(() => decodeEvent(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "event_corrupt" }) as Error,
    );
  },
);

test("a stream's name has a kind and an id", () => {
  expect(streamKind(streamId("room", "a:b/c"))).toBe("room");
  expect(streamKey(streamId("room", "a:b/c"))).toBe("a:b/c");
  for (const [kind, id] of [
    ["", "a"],
    ["Room", "a"],
    ["room", ""],
    ["room", "a\nb"],
    ["room", "x".repeat(257)],
    ["room", "\uD800"],
  ] as const) {
    expect(() => streamId(kind, id)).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  }
});
