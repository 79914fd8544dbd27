// The body of a request as a JSON object: bounded while it is read, strict about what it is.
import type { Context } from "hono";
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson, JSON_DEPTH_MAX, type JsonObject } from "../event/json.ts";
import { jsonFault } from "./json-scan.ts";

/** The most bytes of a request's body (spec/wire.md §1). */
export const BODY_BYTES_MAX = 1024 * 1024;

/**
 * Throws `event_too_large` over 1 MiB, and `invalid_argument` for what is not one JSON object in UTF-8 that every
 * reader reads alike.
 */
export async function readJsonObject(c: Context): Promise<JsonObject> {
  const text = decode(await readBytes(c.req.raw).catch(brokenOff));
  const fault = jsonFault(text, JSON_DEPTH_MAX);
  if (fault !== null) throw malformed(fault);
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("It is not an object.");
  assertPlainJson(value, "The body");
  return value as JsonObject;
}

async function readBytes(request: Request): Promise<Uint8Array> {
  // With a length the HTTP server itself reads no more than that; the door has compared it with the limit.
  if (request.headers.get("content-length") !== null) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > BODY_BYTES_MAX) throw tooLarge();
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream: what else comes is not read.
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function brokenOff(cause: unknown): never {
  throw cause instanceof HolodeckError ? cause : malformed("It broke off.", cause);
}

/** Takes a byte order mark for what it is, and drops it. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw malformed("It is not UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(text === "" ? "It is empty." : "It is not JSON.", cause);
  }
}

function malformed(why: string, cause?: unknown): HolodeckError {
  const what = `The body cannot be read. ${why}`;
  return new HolodeckError("invalid_argument", { what, todo: "Send one JSON object.", cause });
}

function tooLarge(): HolodeckError {
  const what = `The body has more than ${BODY_BYTES_MAX} bytes.`;
  return new HolodeckError("event_too_large", { what, todo: "Send less at once." });
}
