// The fields requests are made of: what each takes, a sentence for people, and what to pass instead of what it refuses.
import { z } from "zod";
import type { Json } from "../../event/json.ts";
import { isPlainUrl, TEXT_LENGTH_MAX, TIMEOUT_SECONDS_MAX } from "../../session/input.ts";
import { roomNameFault } from "../../tile/room-name.ts";

/** The most items of a page. */
const LIMIT_MAX = 1_000;

export function text(describe: string): z.ZodString {
  const todo = `Pass text of 1 to ${TEXT_LENGTH_MAX} printable characters.`;
  return z
    .string(todo)
    .min(1, todo)
    .max(TEXT_LENGTH_MAX, todo)
    .regex(/^(?=.*\S)\P{Cc}*$/u, todo)
    .describe(describe);
}

export function texts(describe: string): z.ZodArray<z.ZodString> {
  const todo = "Pass a list of at most 100 texts.";
  return z.array(text("A text."), todo).max(100, todo).describe(describe);
}

export function room(describe: string): z.ZodString {
  const todo = "Use names parted by single slashes, without . or .. among them.";
  return text(describe).refine((name) => roomNameFault(name) === null, todo);
}

export function message(describe: string): z.ZodString {
  return z.string("Pass text.").describe(`${describe} Cut to 4,096 characters.`);
}

export function seconds(describe: string): z.ZodNumber {
  const todo = `Pass seconds above 0, at most ${TIMEOUT_SECONDS_MAX}.`;
  return z.number(todo).positive(todo).max(TIMEOUT_SECONDS_MAX, todo).describe(describe);
}

export function whole(min: number, max: number, describe: string): z.ZodInt {
  const todo = `Pass a whole number from ${min} to ${max}.`;
  return z.int(todo).min(min, todo).max(max, todo).describe(describe);
}

export function flag(describe: string): z.ZodBoolean {
  return z.boolean("Pass true or false.").describe(describe);
}

export function oneOf<const Value extends string>(values: readonly Value[], describe: string) {
  return z.enum(values, `Pass one of ${values.join(", ")}.`).describe(describe);
}

/** Any JSON: what no event can hold is refused when the body is read. (`z.json()` refers to itself in the document.) */
export const ANY_JSON: z.ZodType<Json> = z.any();

export function json(describe: string): z.ZodType<Json> {
  return ANY_JSON.describe(describe);
}

export function jsonObject(describe: string) {
  return z.record(z.string(), ANY_JSON, "Pass an object.").describe(describe);
}

export function url(describe: string): z.ZodString {
  const todo = "Pass an http or https URL without a password.";
  return z.string(todo).max(2_048, todo).refine(isPlainUrl, todo).describe(describe);
}

/** A whole number in an address. */
export function wholeText(min: number, max: number, describe: string) {
  const todo = `Pass a whole number from ${min} to ${max}.`;
  return z
    .string(todo)
    .regex(/^\d{1,16}$/, todo)
    .transform(Number)
    .pipe(z.int(todo).min(min, todo).max(max, todo))
    .describe(describe);
}

/** A moment in an address, in milliseconds since the epoch. */
export function timeText(describe: string) {
  const todo = "Pass a time such as 2026-05-19T22:45:00Z.";
  return z.iso
    .datetime({ offset: true, error: todo })
    .transform((value) => Date.parse(value))
    .pipe(z.number(todo))
    .describe(describe);
}

export const limit = (fallback: number) =>
  wholeText(1, LIMIT_MAX, `How many at most, 1 to ${LIMIT_MAX}.`).default(fallback);

export const pageTokenField = z
  .string()
  .max(4_096, "Pass the `next_page_token` of the page before.")
  .optional()
  .describe("The `next_page_token` of the page before; leave it out for the first.");

export const sessionId = text("The session's id.");
export const taskId = text("The task's id. Encode what has a meaning in addresses, such as / as %2F.");
export const afterSeq = wholeText(0, Number.MAX_SAFE_INTEGER, "Those after this seq.").default(0);
