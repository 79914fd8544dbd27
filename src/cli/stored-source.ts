// The sessions of a store on this machine, as commands find them.
import { join } from "node:path";
import { streamKey, type StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import { listSessions, type SessionFilter, type SessionPage } from "../session/list.ts";
import type { SessionOutcome } from "../session/outcome.ts";
import type { SessionHead, SessionReading, ToldEvent } from "../session/reading.ts";
import type { Session } from "../session/session.ts";
import type { SessionState } from "../session/state.ts";
import { streamOf } from "../session/stream.ts";
import type { Store } from "../store/port.ts";
import { tileOf } from "../tile/tile.ts";
import { addressOf } from "./existing-store.ts";
import { followLog, followStream } from "./follow.ts";
import type { Io } from "./io.ts";
import { newestTiles } from "./newest-tiles.ts";
import type { EndedSession, SessionSource, SourceOption, TilesAsked, ToldTile } from "./session-source.ts";

export class StoredSource implements SessionSource {
  readonly isServed = false;
  readonly #store: Store;
  readonly #address: string;

  constructor(store: Store, options: SourceOption, io: Io) {
    this.#store = store;
    this.#address = addressOf(options, io);
  }

  async list(filter: SessionFilter): Promise<SessionPage> {
    return await listSessions(this.#store, filter);
  }

  async head(sessionId: string): Promise<SessionHead | null> {
    return await this.#store.head({ stream: streamOf(sessionId) });
  }

  reading(): SessionReading {
    return this.#store;
  }

  async *events(stream: StreamId | null, stop: AbortSignal | null): AsyncGenerator<ToldEvent> {
    yield* stream === null
      ? followLog(this.#store, null, stop)
      : followStream(this.#store, { stream, afterSeq: 0 }, stop);
  }

  async *tiles({ room, stream, limit }: TilesAsked, stop: AbortSignal | null): AsyncGenerator<ToldTile> {
    if (stream !== null) await this.#refusePruned(stream);
    // Before the tiles that are there are read: what comes meanwhile is read twice and told once.
    const end = await this.#store.end();
    const newest = await newestTiles(this.#store, { room, stream, limit });
    yield* newest.flatMap(toldTile);
    const told = new Set(newest.map(({ hash }) => hash));
    if (stop === null || (stream !== null && (await this.#isOver(stream, told)))) return;
    for await (const stored of followLog(this.#store, end, stop)) {
      if (isAskedFor(stored, { room, stream }) && !told.has(stored.hash)) yield* toldTile(stored);
      if (stream === stored.event.stream && stored.event.type === "session_ended") return;
    }
  }

  async secretsOf(state: SessionState): Promise<readonly string[]> {
    const { keptSecrets } = await import("../run/plan-session.ts");
    return await keptSecrets(this.#store, state);
  }

  async end(sessionId: string, outcome: SessionOutcome, error?: string): Promise<EndedSession> {
    return await this.#withSession(sessionId, async (session) => {
      const wasOpen = session.status === "open";
      const { attemptsHere, untilLeft } = await import("../run/departure.ts");
      const { keptSpools } = await import("../run/plan-session.ts");
      const { adoptSpooled } = await import("../run/recover.ts");
      const { sweep } = await import("./run-session.ts");
      const attempts = attemptsHere(session);
      const spools = keptSpools(session);
      if (wasOpen && spools !== null)
        await adoptSpooled({ session, store: this.#store, spool: join(spools, sessionId) });
      const ended = await session.endSession(outcome, error === undefined ? {} : { error });
      await sweep(this.#store, spools);
      // Those of a process that lives: it has seen the end, and asks them to leave.
      return { session, outcome: ended, wasOpen, processesLeft: await untilLeft(attempts) };
    });
  }

  async fork(sessionId: string, seq: number): Promise<Session> {
    return await this.#withSession(sessionId, async (session) => await session.fork(seq));
  }

  async #withSession<Value>(sessionId: string, use: (session: Session) => Promise<Value>): Promise<Value> {
    // Listing and showing load no manager.
    const { SessionManager } = await import("../local.ts");
    const config = { sessionName: "holodeck session", agentId: "holodeck" };
    await using manager = new SessionManager(config, { store: this.#address });
    return await use(await manager.get(sessionId));
  }

  /** What a session told others went with its events. */
  async #refusePruned(stream: StreamId): Promise<void> {
    const [first] = await this.#store.read({ stream, limit: 1 });
    const pruned = first === undefined || first.event.seq === 1 ? null : prunedBy(first.event);
    if (pruned !== null) throw eventsPruned(stream, pruned.to);
  }

  /** Whether a session has ended and its last tile has been told. */
  async #isOver(stream: StreamId, told: ReadonlySet<string>): Promise<boolean> {
    const head = await this.head(streamKey(stream));
    return head !== null && head.status !== "open" && told.has(head.hash);
  }
}

function isAskedFor({ event }: StoredEvent, { room, stream }: Omit<TilesAsked, "limit">): boolean {
  return (room ?? event.room) === event.room && (stream ?? event.stream) === event.stream;
}

function toldTile({ event, hash }: ToldEvent): readonly ToldTile[] {
  const tile = tileOf(event);
  return tile === null ? [] : [{ tile, at: event.at, hash }];
}
