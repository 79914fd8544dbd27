import { expect, test } from "vitest";
import { streamId } from "../event/event.ts";
import { roomNameFault } from "./room-name.ts";

test.each([
  "hall",
  "gc/research/scout-reports/holodeck-session",
  "with space, ümlaut and 日本語",
  "100%",
  "a..b/...",
  "é".repeat(128),
])("a room can be called %j", (name) => {
  expect(roomNameFault(name)).toBeNull();
  expect(streamId("room", name)).toBe(`room:${name}`);
});

test.each([
  "",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "a/../b",
  "a\\..\\b",
  "a\0b",
  "a\nb",
  "a\u0085b",
  "\uD800",
  "..%2fetc",
  "a%2Fb",
  "%00",
  "__proto__",
  "constructor",
  `${"é".repeat(128)}x`,
])("a room cannot be called %j", (name) => {
  expect(roomNameFault(name)).toMatch(/^(?:is|has|holds) /);
});
