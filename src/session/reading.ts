// What reading a session takes of where it is kept: a store on this machine, or a server.
import type { StoredEvent } from "../event/log.ts";
import type { Store, StoredHead } from "../store/port.ts";
import type { StreamId } from "../event/stream.ts";

/** An event and its hash. */
export type ToldEvent = Pick<StoredEvent, "event" | "hash">;

/** Where a session stands. */
export type SessionHead = Pick<StoredHead, "stream" | "seq" | "hash" | "status" | "summary">;

/** A `Store` is one. */
export interface SessionReading extends Pick<Store, "blob" | "snapshot"> {
  /** Events of a session in order, those after `afterSeq`, at most `limit` (default 1,000). Those that are pruned are passed over. */
  read(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly ToldEvent[]>;
  head(params: { readonly stream: StreamId }): Promise<SessionHead | null>;
}
