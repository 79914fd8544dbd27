// The sessions of a server, as commands find them: through the client that any program can use.
import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "../client/connection.ts";
import { readEvents } from "../client/event-source.ts";
import { SessionManager } from "../client/manager.ts";
import { ServedReading } from "../client/served-reading.ts";
import { WebClock } from "../client/web-clock.ts";
import { HolodeckError } from "../event/error.ts";
import { streamKey, type Event, type StreamId } from "../event/event.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import type { SessionFilter, SessionPage } from "../session/list.ts";
import type { SessionOutcome } from "../session/outcome.ts";
import type { SessionHead, SessionReading, ToldEvent } from "../session/reading.ts";
import { streamOf } from "../session/stream.ts";
import type { WorkingSession } from "../session/working-session.ts";
import { tileOf, type Tile } from "../tile/tile.ts";
import type { Io } from "./io.ts";
import { readKey } from "./key-file.ts";
import type { EndedSession, SessionSource, SourceOption, TilesAsked, ToldTile } from "./session-source.ts";

const PAGE = 1_000;

/** A person waits for the answer: a server that is not there is told at once. */
const RETRY_SECONDS = 0;

/** Before a live stream that broke off is asked for again, in milliseconds. */
const PAUSE_MS = 1_000;

export class ServedSource implements SessionSource {
  readonly isServed = true;
  readonly #connection: Connection;
  readonly #reading: ServedReading;
  readonly #manager: SessionManager;

  constructor(url: string, { keyFile }: SourceOption, io: Io) {
    const apiKey = keyFile === undefined ? io.env["PLATO_API_KEY"] : readKey(keyFile);
    const choice = {
      url,
      retrySeconds: RETRY_SECONDS,
      ...(apiKey !== undefined && apiKey !== "" && { apiKey }),
    };
    this.#connection = new Connection(choice, new WebClock());
    this.#reading = new ServedReading(this.#connection);
    this.#manager = new SessionManager({ ...choice, sessionName: "holodeck session", agentId: "holodeck" });
  }

  async close(): Promise<void> {
    await this.#manager.close();
  }

  async list(filter: SessionFilter): Promise<SessionPage> {
    return await this.#reading.list(filter);
  }

  async head(sessionId: string): Promise<SessionHead | null> {
    return await this.#reading.head({ stream: streamOf(sessionId) });
  }

  reading(sessionId: string): SessionReading {
    return new ServedReading(this.#connection, sessionId);
  }

  async *events(stream: StreamId | null, stop: AbortSignal | null): AsyncGenerator<ToldEvent> {
    if (stream !== null) yield* this.#eventsOf(stream, stop);
    else if (stop !== null) {
      for await (const told of this.#live("after=start", stop)) if (told !== null) yield told;
    } else
      throw new HolodeckError("unsupported", {
        what: "What is there of all sessions has no end on a server that goes on.",
        todo: "Name a session, or add --follow.",
      });
  }

  async *tiles({ room, stream, limit }: TilesAsked, stop: AbortSignal | null): AsyncGenerator<ToldTile> {
    if (stream !== null) return yield* this.#tilesOf(stream, { room, limit, stop });
    const told = new Set<string>();
    yield* unless(told, await this.#newest(room, limit));
    if (stop === null) return;
    const query = room === null ? "" : `room=${encodeURIComponent(room)}`;
    for await (const one of this.#live(query, stop))
      yield* unless(told, one === null ? await this.#newest(room, limit) : toldTile(one));
  }

  /** A server keeps plans to itself: what was written down without their secrets is shown as it is. */
  async secretsOf(): Promise<readonly string[]> {
    return await Promise.resolve([]);
  }

  async end(sessionId: string, outcome: SessionOutcome, error?: string): Promise<EndedSession> {
    const session = await this.#manager.get(sessionId);
    const wasOpen = session.status === "open";
    const ended = await session.endSession(outcome, error === undefined ? {} : { error });
    return { session, outcome: ended, wasOpen, processesLeft: 0 };
  }

  async fork(sessionId: string, seq: number): Promise<WorkingSession> {
    return await (await this.#manager.get(sessionId)).fork(seq);
  }

  /** As they are stored; the live stream only says that there are more. */
  async *#eventsOf(stream: StreamId, stop: AbortSignal | null): AsyncGenerator<ToldEvent> {
    let seq = 0;
    const reading = this.#reading;
    yield* readOn();
    if (stop === null) return;
    for await (const told of this.#live(`stream=${encodeURIComponent(stream)}`, stop))
      if (told === null || told.event.seq > seq) yield* readOn();

    async function* readOn(): AsyncGenerator<ToldEvent> {
      for (;;) {
        const page = await reading.read({ stream, afterSeq: seq, limit: PAGE });
        for (const told of page) {
          seq = told.event.seq;
          yield told;
        }
        if (page.length < PAGE) return;
      }
    }
  }

  async *#tilesOf(
    stream: StreamId,
    {
      room,
      limit,
      stop,
    }: { readonly room: string | null; readonly limit: number; readonly stop: AbortSignal | null },
  ): AsyncGenerator<ToldTile> {
    const [first] = await this.#reading.read({ stream, limit: 1 });
    const pruned = first === undefined || first.event.seq === 1 ? null : prunedBy(first.event);
    if (pruned !== null) throw eventsPruned(stream, pruned.to);
    const through = (await this.head(streamKey(stream)))?.seq ?? 0;
    let newest: readonly ToldTile[] = [];
    for await (const told of this.#eventsOf(stream, stop)) {
      const tiles = toldTile(told).filter(({ tile }) => (room ?? tile.domain) === tile.domain);
      if (told.event.seq > through) yield* tiles;
      else newest = [...newest, ...tiles].slice(-limit);
      if (told.event.seq === through) yield* newest;
      if (told.event.type === "session_ended") return;
    }
  }

  /** The oldest of them first. */
  async #newest(room: string | null, limit: number): Promise<readonly ToldTile[]> {
    const query = `?limit=${limit}`;
    const page = await this.#connection.get(
      room === null ? `/tiles/recent${query}` : `/v1/rooms/${encodeURIComponent(room)}/tiles${query}`,
    );
    return (page["tiles"] as unknown as readonly TileTold[]).toReversed().map((told) => {
      const { domain, question, answer, tags, confidence, source, at, tile_hash: hash } = told;
      return { tile: { domain, question, answer, tags, confidence, source }, at: Date.parse(at), hash };
    });
  }

  /**
   * Live events, as far as the stream tells of them; null each time it begins, for what came in between. Goes on where
   * it broke off, until it is stopped. Throws when there is no server to begin with, or when it refuses.
   */
  async *#live(query: string, stop: AbortSignal): AsyncGenerator<ToldEvent | null> {
    const place: { id: string | null } = { id: null };
    for (let isFirst = true; !stop.aborted; isFirst = false) {
      try {
        const headers: Record<string, string> = place.id === null ? {} : { "last-event-id": place.id };
        const response = await this.#connection.open(`/v1/events?${query}`, headers, stop);
        yield null;
        yield* liveEvents(response, place);
      } catch (error) {
        if (stop.aborted) return;
        if (isFirst || (error instanceof HolodeckError && error.code !== "server_unreachable")) throw error;
      }
      await delay(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

/** What a stream tells, until it ends. Keeps the place to go on from. */
async function* liveEvents(response: Response, place: { id: string | null }): AsyncGenerator<ToldEvent> {
  const waiting: ToldEvent[] = [];
  let news = Promise.withResolvers<void>();
  let isOver = false;
  const reading = readEvents(response, {
    onId: (id) => (place.id = id),
    onEvent: ({ type, data }) => {
      if (type === "bye" || type === "gap") return;
      const { hash, ...event } = JSON.parse(data) as Event & { readonly hash: string };
      waiting.push({ event, hash });
      news.resolve();
    },
  }).finally(() => {
    isOver = true;
    news.resolve();
  });
  // Thrown below, once what came before has been told.
  reading.catch(() => undefined);
  for (;;) {
    await news.promise;
    news = Promise.withResolvers();
    for (let told = waiting.shift(); told !== undefined; told = waiting.shift()) yield told;
    if (isOver) return await reading;
  }
}

interface TileTold extends Tile {
  readonly at: string;
  readonly tile_hash: string;
}

function toldTile({ event, hash }: ToldEvent): readonly ToldTile[] {
  const tile = tileOf(event);
  return tile === null ? [] : [{ tile, at: event.at, hash }];
}

/** Those that were not told yet; they are now. */
function unless(told: Set<string>, tiles: readonly ToldTile[]): readonly ToldTile[] {
  const news = tiles.filter(({ hash }) => !told.has(hash));
  for (const { hash } of news) told.add(hash);
  return news;
}
