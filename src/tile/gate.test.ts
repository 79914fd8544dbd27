import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../event/json.ts";
import { judge } from "./gate.ts";
import { isSubmissionFault, readSubmission } from "./submission.ts";

const TILE = { domain: "hall", question: "what is it?", answer: "twenty characters, a few" };

/** The reason a tile is refused for; null when it passes. */
function reasonOf(tile: JsonObject, room: string | null = null): string | null {
  const submission = readSubmission(tile, room);
  return isSubmissionFault(submission) ? submission.reason : (judge(submission)?.reason ?? null);
}

test.each<[string, JsonObject, string | null]>([
  ["a plain tile", {}, null],
  ["no room at all", { domain: undefined }, "missing_field"],
  ["a blank question", { question: "  " }, "missing_field"],
  ["a question that is no text", { question: 12345 }, "missing_field"],
  ["an answer that is a list", { answer: ["twenty characters, a few"] }, "missing_field"],
  ["no answer", { answer: null }, "missing_field"],
  ["tags that are no texts", { tags: ["a", 1] }, "invalid_field"],
  ["a confidence in words", { confidence: "0.9" }, "invalid_field"],
  ["an agent that is an object", { agent: {} }, "invalid_field"],
  ["fields that are null", { tags: null, confidence: null, source: null, agent: null }, null],
  ["a room that climbs", { room: "a/../b" }, "invalid_room"],
  ["19 characters", { answer: "x".repeat(19) }, "answer_length"],
  ["20 characters", { answer: "x".repeat(20) }, null],
  ["20 characters of two units each", { answer: "😀".repeat(20) }, null],
  ["5,000 characters of two units each", { answer: "😀".repeat(5_000) }, null],
  ["5,001 characters", { answer: "x".repeat(5_001) }, "answer_length"],
  ["a question of 4", { question: "why?" }, "question_too_short"],
  ["a question of 5", { question: "why ?" }, null],
  ["an absolute word", { answer: "this is ALWAYS so, they say" }, "absolute_word"],
  ["an absolute word in quotes", { answer: "this is “proven” so, they say" }, "absolute_word"],
  ["a word that only holds one", { answer: "nobodyś, unproven_never, alwaysé" }, null],
  ["a confidence of 1", { confidence: 1 }, null],
  ["a confidence of 0", { confidence: 0 }, null],
  ["a confidence above 1", { confidence: 1.001 }, "confidence_out_of_range"],
  ["a confidence below 0", { confidence: -0.1 }, "confidence_out_of_range"],
  ["a short object that says never", { answer: { error: "never" } }, null],
  ["an object of 64 KiB", { answer: { t: "x".repeat(65_536 - 8) } }, null],
  ["an object of one byte more", { answer: { t: "x".repeat(65_536 - 7) } }, "answer_too_large"],
])("the gate judges %s", (_name, change, reason) => {
  expect(reasonOf({ ...TILE, ...change })).toBe(reason);
});

test("the rules are applied in their order", () => {
  const tile = { domain: "hall", question: "why?", answer: "never", confidence: 7 };
  expect(reasonOf(tile)).toBe("answer_length");
  expect(reasonOf({ ...tile, answer: "never, in twenty characters" })).toBe("question_too_short");
  expect(reasonOf({ ...tile, answer: "never, in twenty characters", question: "why not?" })).toBe(
    "absolute_word",
  );
  expect(reasonOf({ ...tile, answer: "x".repeat(20), question: "why not?" })).toBe("confidence_out_of_range");
});

test("a tile's room wins over its domain, and where it was submitted to wins over both", () => {
  const read = readSubmission({ ...TILE, room: "attic" });
  expect("room" in read && read.room).toBe("attic");
  const put = readSubmission({ ...TILE, room: "attic" }, "cellar");
  expect("room" in put && put.room).toBe("cellar");
});

test("whatever is submitted, the gate answers", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("domain", "question", "answer", "tags", "confidence"), fc.jsonValue()),
      (tile) => {
        const reason = reasonOf(tile);
        expect(reason === null || reason.length > 0).toBe(true);
      },
    ),
  );
});
