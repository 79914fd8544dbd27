// An attempt's result: the JSON in the file it was given for that, else a last line of stdout that is a JSON object.
// Secrets are taken out before it is parsed, and out of every text in it afterwards.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { assertPlainJson, type Json } from "../event/json.ts";
import { redactBytes, redactJson, type Patterns } from "./redact.ts";

/** The most bytes a result has as JSON: it stands in an event. */
export const RESULT_BYTES_MAX = 48 * 1024;

/** No result; a result; or why what looked like one is none. */
export interface AttemptResult {
  readonly result: Json | null;
  readonly error: string | null;
}

const NO_RESULT: AttemptResult = { result: null, error: null };

/** The result in a file; null when the file is not there. */
export function resultFromFile(path: string, patterns: Patterns): AttemptResult | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    return failed(`The result file cannot be read: ${redactedMessage(cause, patterns)}.`);
  }
  try {
    if (!fstatSync(file).isFile()) return failed("The result file is not a regular file.");
    const bytes = Buffer.alloc(RESULT_BYTES_MAX + 1);
    const length = fill(file, bytes);
    if (length > RESULT_BYTES_MAX) return failed(`The result has more than ${RESULT_BYTES_MAX} bytes.`);
    return parseResult(redactBytes(patterns, bytes.subarray(0, length)).toString(), patterns);
  } finally {
    closeSync(file);
  }
}

/** The result in a last line of redacted stdout, if it is a JSON object; one that is too large is told by its braces. */
export function resultFromLine(line: string, patterns: Patterns): AttemptResult {
  if (!line.startsWith("{") || !line.endsWith("}")) return NO_RESULT;
  if (Buffer.byteLength(line) > RESULT_BYTES_MAX) {
    return failed(
      `The last line looks like a result, a JSON object, and has more than ${RESULT_BYTES_MAX} bytes; print less, or keep a file among the artifacts.`,
    );
  }
  try {
    JSON.parse(line);
  } catch {
    return NO_RESULT;
  }
  return parseResult(line, patterns);
}

/** Follows stdout and knows its last line that is not blank. */
export interface LastLine {
  push(bytes: Uint8Array): void;
  /** A line that is longer than a result may be is cut, and still longer: its beginning, and its very end. */
  get(): string;
}

export function createLastLine(): LastLine {
  let open: Buffer = Buffer.alloc(0);
  let last: Buffer = open;
  return {
    push(bytes) {
      const text = Buffer.concat([open, bytes]);
      const end = text.lastIndexOf(0x0a);
      last = lastWritten(text.subarray(0, Math.max(end, 0))) ?? last;
      open = bound(text.subarray(end + 1));
    },
    get() {
      return (lastWritten(open) ?? last).toString().trim();
    },
  };
}

function lastWritten(text: Buffer): Buffer | null {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end--;
  if (end === 0) return null;
  return bound(text.subarray(text.lastIndexOf(0x0a, end - 1) + 1, end));
}

/** Copies what is enough to see that a line is too long, and how it begins and ends. */
function bound(line: Buffer): Buffer {
  if (line.length <= RESULT_BYTES_MAX + 2) return Buffer.from(line);
  let end = line.length;
  while (end > 1 && isBlank(line[end - 1])) end--;
  return Buffer.concat([line.subarray(0, RESULT_BYTES_MAX + 1), line.subarray(end - 1, end)]);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function parseResult(text: string, patterns: Patterns): AttemptResult {
  try {
    const value: unknown = JSON.parse(text);
    assertPlainJson(value, "result");
    const result = redactJson(patterns, value);
    if (Buffer.byteLength(JSON.stringify(result)) <= RESULT_BYTES_MAX) return { result, error: null };
    return failed(`The result has more than ${RESULT_BYTES_MAX} bytes.`);
  } catch (cause) {
    return failed(`The result is not the JSON it should be: ${redactedMessage(cause, patterns)}`);
  }
}

function failed(error: string): AttemptResult {
  return { result: null, error };
}

function redactedMessage(cause: unknown, patterns: Patterns): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return redactBytes(patterns, Buffer.from(message)).toString().slice(0, 300);
}

function fill(file: number, bytes: Buffer): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, null);
  }
  return length;
}
