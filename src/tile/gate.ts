// The P0 gate of spec/wire.md §1: six rules in order, each with its reason. The first is `readSubmission`'s; the last,
// that a room takes the same question and answer once, is kept by the store's keys (`room-aggregate.ts`).
import type { Submission, SubmissionFault } from "./submission.ts";

export type GateReason =
  | SubmissionFault["reason"]
  | "answer_length"
  | "answer_too_large"
  | "question_too_short"
  | "absolute_word"
  | "confidence_out_of_range"
  | "duplicate"
  /** Not the gate's own: whoever submits may not write there. */
  | "room_not_allowed";

export interface GateRefusal {
  readonly reason: GateReason;
  /** A sentence that says what is wrong. */
  readonly what: string;
}

const ANSWER_LENGTH_MIN = 20;
const ANSWER_LENGTH_MAX = 5_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const QUESTION_LENGTH_MIN = 5;

/** Whole words: what stands before and after is neither letter, digit nor underscore. */
const ABSOLUTE =
  /(?<![\p{L}\p{N}\p{M}_])(?:always|never|guaranteed|impossible|proven|everyone|nobody)(?![\p{L}\p{N}\p{M}_])/iu;

/** Rules 2 to 5; null when the tile may pass. Rules 2 and 4 judge text answers: a report is never lost to them. */
export function judge({ question, answer, confidence }: Submission): GateRefusal | null {
  const fault = typeof answer === "string" ? lengthFault(answer) : sizeFault(answer);
  if (fault !== null) return fault;
  if (isShorter(question, QUESTION_LENGTH_MIN))
    return refuse("question_too_short", `The question has fewer than ${QUESTION_LENGTH_MIN} characters.`);
  const word = typeof answer === "string" ? ABSOLUTE.exec(answer)?.[0] : undefined;
  if (word !== undefined) return refuse("absolute_word", `The answer says ${JSON.stringify(word)}.`);
  if (!(confidence >= 0 && confidence <= 1))
    return refuse("confidence_out_of_range", `The confidence ${confidence} is not within 0 and 1.`);
  return null;
}

/** Rule 6. */
export const DUPLICATE: GateRefusal = {
  reason: "duplicate",
  what: "The room has this question with this answer already.",
};

function lengthFault(answer: string): GateRefusal | null {
  const isTooLong = !isShorter(answer, ANSWER_LENGTH_MAX + 1);
  if (!isTooLong && !isShorter(answer, ANSWER_LENGTH_MIN)) return null;
  return refuse(
    "answer_length",
    `A text answer has ${ANSWER_LENGTH_MIN} to ${ANSWER_LENGTH_MAX} characters; this one has ${isTooLong ? "more" : "fewer"}.`,
  );
}

function sizeFault(answer: object): GateRefusal | null {
  const bytes = new TextEncoder().encode(JSON.stringify(answer)).length;
  if (bytes <= ANSWER_BYTES_MAX) return null;
  return refuse(
    "answer_too_large",
    `The answer has ${bytes} bytes of JSON; the limit is ${ANSWER_BYTES_MAX}.`,
  );
}

/** Characters are code points. */
function isShorter(text: string, length: number): boolean {
  if (text.length < length) return true;
  if (text.length >= length * 2) return false;
  return Array.from(text).length < length;
}

function refuse(reason: GateReason, what: string): GateRefusal {
  return { reason, what };
}
