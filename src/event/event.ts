// An event is one fact in a stream, kept as the exact JSON bytes that were hashed.
// `hash = SHA-256(0x00 ‖ bytes)`, a Merkle leaf as in RFC 6962 §2.1; `prev` is the hash before it in its
// stream, so a stream is a chain. Limits: 64 KiB an event, depth 64.
import { hash as digest } from "node:crypto";
import { HolodeckError } from "./error.ts";
import { assertPlainJson, type JsonObject } from "./json.ts";
import { streamId, streamKey, streamKind, type StreamId } from "./stream.ts";

export { streamId, streamKey, streamKind, type StreamId };

/** Lower-case hex of a SHA-256, 64 characters. */
export type Hash = string;

/** What a decider returns: a fact without its place. `room` names the PLATO room the fact's tile goes to. */
export interface Fact {
  readonly type: string;
  readonly room: string | null;
  readonly data: JsonObject;
}

/** A fact with its place in a stream. `at` is milliseconds since the epoch and never falls within a stream. */
export interface Event extends Fact {
  readonly v: 1;
  readonly stream: StreamId;
  /** 1 for the first event of a stream. */
  readonly seq: number;
  /** The hash of the event before; null for the first. */
  readonly prev: Hash | null;
  readonly at: number;
}

/** An event with the bytes that were hashed. */
export interface EncodedEvent {
  readonly event: Event;
  readonly bytes: Uint8Array;
  readonly hash: Hash;
}

/** The most bytes an encoded event may have. Larger data is a blob. */
export const EVENT_BYTES_MAX = 64 * 1024;

/**
 * The bytes and hash of an event. Throws `invalid_event` when its data is not plain JSON (see `assertPlainJson`)
 * and `event_too_large` over 64 KiB.
 */
export function encodeEvent(event: Event): EncodedEvent {
  assertPlainJson(event.data, `data of ${event.type}`);
  const { v, stream, seq, prev, at, type, room, data } = event;
  const text = JSON.stringify({ v, stream, seq, prev, at, type, room, data });
  const bytes = Buffer.from(text);
  if (bytes.length > EVENT_BYTES_MAX) {
    throw new HolodeckError("event_too_large", {
      what: `An event of type ${type} has ${bytes.length} bytes; the limit is ${EVENT_BYTES_MAX}.`,
      todo: "Store the large part as a blob or an artifact and keep its hash in the event.",
    });
  }
  // Of the text and not of the bytes, which would have to be copied behind the 0x00: a text is hashed as UTF-8.
  return { event, bytes, hash: digest("sha256", `\0${text}`, "hex") };
}

/** The event in stored bytes. Throws `event_corrupt` when they are not an event; the hash is `verify`'s work. */
export function decodeEvent(bytes: Uint8Array): Event {
  try {
    const event = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    ) as Event;
    if (event.v === 1 && typeof event.stream === "string" && Number.isSafeInteger(event.seq)) return event;
  } catch (cause) {
    throw corrupt(cause);
  }
  throw corrupt(undefined);
}

/** The Merkle leaf hash of stored bytes, RFC 6962 §2.1. */
export function leafHash(bytes: Uint8Array): Hash {
  const leaf = Buffer.allocUnsafe(bytes.length + 1);
  leaf[0] = 0;
  leaf.set(bytes, 1);
  return digest("sha256", leaf, "hex");
}

function corrupt(cause: unknown): HolodeckError {
  return new HolodeckError("event_corrupt", {
    what: "Stored bytes are not an event.",
    todo: "Run `holodeck verify` to see which stream is damaged, and restore the data from a backup.",
    cause,
  });
}
