// Where sessions send their tiles to the very server that serves their store: the tiles stand in their rooms already,
// since a tile is the rendering of an event. They are known by their events and go nowhere (law 8: none is lost, none
// doubled).
import type { Store } from "../store/port.ts";
import type { SinkAnswer, Submission, TileSink } from "../tile/sink.ts";
import { tileOf } from "../tile/tile.ts";

export interface Served {
  readonly host: string;
  readonly port: number;
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Whether a destination is this server: only where it cannot be another one on the same machine. */
export function isThisServer(destination: string, { host, port }: Served): boolean {
  const url = new URL(destination);
  const isPlain = url.protocol === "http:" && url.pathname === "/" && url.search === "";
  if (!isPlain || Number(url.port || 80) !== port) return false;
  const name = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (EVERY_ADDRESS.has(host)) return ["localhost", "127.0.0.1"].includes(name);
  return name === host.toLowerCase() || (name === "localhost" && host === "127.0.0.1");
}

/** Answers for tiles of the store; whatever else is sent goes through `other`. */
export function ownSink(store: Store, other: TileSink): TileSink {
  return {
    async submit(submission: Submission): Promise<SinkAnswer> {
      const stored = await store.find({ hash: submission.key });
      const isThere = stored?.event.room === submission.tile.domain && tileOf(stored.event) !== null;
      return isThere ? { status: "delivered" } : await other.submit(submission);
    },
    close: () => other.close(),
  };
}
