// The names of streams. They stand apart from the hashing of events, so that what runs in a browser can have them.
import { HolodeckError } from "./error.ts";

/** The ordered events of one aggregate, named `kind:id` (`session:sess_…`, `room:research/notes`). */
export type StreamId = string & { readonly __stream: unique symbol };

const STREAM_NAME = /^[a-z][a-z0-9_-]{0,31}:[^\p{Cc}]{1,256}$/u;

/** A stream's name from its kind and id. Throws `invalid_argument` on an empty, overlong or control-character id. */
export function streamId(kind: string, id: string): StreamId {
  const name = `${kind}:${id}`;
  if (!STREAM_NAME.test(name) || !name.isWellFormed()) {
    throw new HolodeckError("invalid_argument", {
      what: `${JSON.stringify(name)} is not a stream name.`,
      todo: "Use kind:id with a lower-case kind and an id of 1 to 256 printable characters.",
    });
  }
  return name as StreamId;
}

/** `session` of `session:sess_1`. */
export function streamKind(stream: StreamId): string {
  return stream.slice(0, stream.indexOf(":"));
}

/** `sess_1` of `session:sess_1`. */
export function streamKey(stream: StreamId): string {
  return stream.slice(stream.indexOf(":") + 1);
}
