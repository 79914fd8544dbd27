// Takes secrets out of bytes on their way to disk, hash or screen, whatever chunks they come in.
// Every byte that belongs to an occurrence of a secret, plain or encoded, is replaced; one marker stands for a
// run of overlapping occurrences. What a chunk ends with is held back only while it may be a secret's beginning.
import { HolodeckError } from "../event/error.ts";
import type { Json } from "../event/json.ts";
import { secretForms } from "./secret-forms.ts";

/** Secret values by name. */
export interface Secrets {
  readonly [name: string]: string;
}

/** What to look for, by first byte, the longest first. */
export type Patterns = readonly (readonly Pattern[] | undefined)[];

interface Pattern {
  readonly bytes: Buffer;
  readonly marker: Buffer;
}

/** Redacts a stream of bytes. Holds back at most one byte less than the longest pattern. */
export interface Redactor {
  /** What can be let through after these bytes. */
  push(bytes: Uint8Array): Buffer;
  /** What was held back. */
  end(): Buffer;
}

/** The fewest characters a secret has: a shorter one would be found everywhere. */
export const SECRET_CHARACTERS_MIN = 4;

/** Makes the patterns once for many redactors. Throws `invalid_argument` on a secret of fewer than 4 characters. */
export function secretPatterns(secrets: Secrets): Patterns {
  const byFirstByte: (Pattern[] | undefined)[] = Array.from({ length: 256 });
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.length < SECRET_CHARACTERS_MIN) throw tooShort(name);
    const marker = Buffer.from(`[redacted ${name}]`);
    for (const bytes of secretForms(secret)) (byFirstByte[bytes[0] ?? 0] ??= []).push({ bytes, marker });
  }
  for (const bucket of byFirstByte) bucket?.sort((a, b) => b.bytes.length - a.bytes.length);
  return byFirstByte;
}

export function createRedactor(patterns: Patterns): Redactor {
  let held: Uint8Array = Buffer.alloc(0);
  /** How many of the held bytes belong to an occurrence whose marker is out already. */
  let covered = 0;
  const scan = (input: Uint8Array, isLast: boolean): Buffer => {
    const bytes = Buffer.concat([held, input]);
    const out: Uint8Array[] = [];
    let at = 0;
    for (; at < bytes.length; at++) {
      const bucket = patterns[bytes[at] ?? 0];
      const found = bucket === undefined ? null : longestAt(bucket, bytes, at, isLast);
      if (found === "undecided") break;
      if (found === null) continue;
      if (at >= covered) out.push(bytes.subarray(covered, at), found.marker);
      covered = Math.max(covered, at + found.bytes.length);
    }
    if (at > covered) out.push(bytes.subarray(covered, at));
    held = bytes.subarray(at);
    covered = Math.max(0, covered - at);
    return Buffer.concat(out);
  };
  return { push: (bytes) => scan(bytes, false), end: () => scan(Buffer.alloc(0), true) };
}

/** Redacts bytes that are there as a whole. */
export function redactBytes(patterns: Patterns, bytes: Uint8Array): Buffer {
  const redactor = createRedactor(patterns);
  return Buffer.concat([redactor.push(bytes), redactor.end()]);
}

export function redactText(patterns: Patterns, text: string): string {
  return redactBytes(patterns, Buffer.from(text)).toString();
}

/** Redacts every string, key and number: what escapes or an exponent hid in the bytes shows once they are parsed. */
export function redactJson(patterns: Patterns, value: Json): Json {
  if (typeof value === "string") return redactText(patterns, value);
  if (typeof value === "number") return redactNumber(patterns, value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => redactJson(patterns, item));
  const members = Object.entries(value).map(([key, member]) => [
    redactText(patterns, key),
    redactJson(patterns, member ?? null),
  ]);
  return Object.fromEntries(members) as Json;
}

/** A number that shows a secret becomes text. */
function redactNumber(patterns: Patterns, value: number): Json {
  const text = redactText(patterns, String(value));
  return text === String(value) ? value : text;
}

/** The longest pattern at a place; "undecided" while a longer one may still follow. */
function longestAt(
  bucket: readonly Pattern[],
  bytes: Buffer,
  at: number,
  isLast: boolean,
): Pattern | null | "undecided" {
  const available = bytes.length - at;
  for (const pattern of bucket) {
    const length = Math.min(pattern.bytes.length, available);
    if (length > 1 && pattern.bytes[1] !== bytes[at + 1]) continue;
    if (length < pattern.bytes.length && isLast) continue;
    if (pattern.bytes.compare(bytes, at, at + length, 0, length) !== 0) continue;
    return length === pattern.bytes.length ? pattern : "undecided";
  }
  return null;
}

function tooShort(name: string): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `The secret ${name} has fewer than ${SECRET_CHARACTERS_MIN} characters, so it cannot be told from ordinary output.`,
    todo: "Use a longer secret, or pass the value under `env` if it is none.",
  });
}
