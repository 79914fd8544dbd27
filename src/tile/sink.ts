// The port to whoever takes tiles: a PLATO server, or a script in a test.
import type { Tile } from "./tile.ts";

export interface Submission {
  readonly tile: Tile;
  /** The same for the same tile, however often it is sent: what makes a repeat harmless. */
  readonly key: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface TileSink {
  /** Never throws for what the other side does: that is an answer. */
  submit(submission: Submission): Promise<SinkAnswer>;
  /** Lets go of connections. */
  close(): void;
}

export type SinkAnswer =
  /** It is there, now or already. */
  | { readonly status: "delivered" }
  /** The other side is away, busy or broken. `afterMs`: it asked to be left alone for so long. */
  | { readonly status: "retry"; readonly reason: string; readonly afterMs: number | null }
  /** It will not have this tile. `code` is the HTTP status; null when it was never sent. */
  | { readonly status: "refused"; readonly reason: string; readonly code: number | null };
