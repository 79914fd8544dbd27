// Where a command finds sessions: a store on this machine, or a server (`--url`). Commands know this port alone.
import type { StreamId } from "../event/event.ts";
import type { SessionFilter, SessionPage } from "../session/list.ts";
import type { SessionOutcome } from "../session/outcome.ts";
import type { SessionHead, SessionReading, ToldEvent } from "../session/reading.ts";
import type { SessionState } from "../session/state.ts";
import type { WorkingSession } from "../session/working-session.ts";
import type { Tile } from "../tile/tile.ts";
import type { StoreOption } from "./existing-store.ts";

/** `--store`, `--url` and `--key-file`. */
export interface SourceOption extends StoreOption {
  readonly url?: string;
  readonly keyFile?: string;
}

/** A tile, and when what it tells of happened. */
export interface ToldTile {
  readonly tile: Tile;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of the event. */
  readonly hash: string;
}

export interface TilesAsked {
  /** Null: every room. */
  readonly room: string | null;
  /** Null: every stream. */
  readonly stream: StreamId | null;
  /** At most so many of those that are there. */
  readonly limit: number;
}

export interface SessionSource {
  /** Whether it is a server's, which keeps what is beside the sessions to itself. */
  readonly isServed: boolean;
  list(filter: SessionFilter): Promise<SessionPage>;
  head(sessionId: string): Promise<SessionHead | null>;
  reading(sessionId: string): SessionReading;
  /** Events of one session, or of all (null); with `stop` until it aborts, else up to the end. */
  events(stream: StreamId | null, stop: AbortSignal | null): AsyncGenerator<ToldEvent>;
  /** The newest, the oldest of them first; and with `stop` those that come until it aborts. */
  tiles(asked: TilesAsked, stop: AbortSignal | null): AsyncGenerator<ToldTile>;
  /** The names of the secrets that the session's plan declares, as far as they are known here. */
  secretsOf(state: SessionState): Promise<readonly string[]>;
  /** Answers the session, and whether it was open. */
  end(sessionId: string, outcome: SessionOutcome, error?: string): Promise<EndedSession>;
  fork(sessionId: string, seq: number): Promise<WorkingSession>;
}

export interface EndedSession {
  readonly session: WorkingSession;
  readonly outcome: SessionOutcome;
  readonly wasOpen: boolean;
  /** How many processes of its attempts on this machine would not leave; 0 where a server runs them. */
  readonly processesLeft: number;
}
