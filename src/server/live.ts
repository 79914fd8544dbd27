// `GET /v1/events`: what happens, as server-sent events. From an id (`Last-Event-ID`, or `?after=`) first what came
// since, then what comes; without one what comes.
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { KEYS_STREAM } from "../trust/key-aggregate.ts";
import { Lane } from "./lane.ts";
import { readFilter } from "./live-filter.ts";
import { LiveHub, type KeyWatch, type LiveListener, type LivePage } from "./live-hub.ts";
import { idOfPlace, placeOfId, START } from "./live-id.ts";
import { LiveReader, type LiveRequest, type ReaderLimits } from "./live-reader.ts";
import { LOCAL_OPERATOR, type Principal, type ServerEnv } from "./principal.ts";
import { invalid } from "./query.ts";

export interface LiveOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
  readonly limits?: Partial<LiveLimits>;
  /** Tells whose key has ended: they are told no more. Default: nobody's has. */
  readonly keys?: KeyWatch;
}

export interface LiveLimits extends ReaderLimits {
  /** Streams at once, in all. */
  readonly streams: number;
  /** Of one key. Without keys everyone is the local operator, whom the limit in all alone holds for. */
  readonly streamsPerKey: number;
  /** How often who is told nothing gets a sign of life, in milliseconds. */
  readonly beatMs: number;
}

const LIMITS: LiveLimits = {
  bytes: 256 * 1024,
  drainMs: 10_000,
  streams: 1_500,
  streamsPerKey: 100,
  // Under the 30 s after which idle connections are cut, here and by most who stand between.
  beatMs: 15_000,
};

export interface LiveEnv extends ServerEnv {
  Bindings: HttpBindings;
}

export interface Live {
  readonly app: Hono<LiveEnv>;
  /** Ends all streams with a hint to come again, and takes no more. */
  close(): void;
}

const NO_KEYS: KeyWatch = { readOn: async () => await Promise.resolve(), holds: () => true };

export function liveApp(options: LiveOptions): Live {
  const streams = new LiveStreams(options);
  const app = new Hono<LiveEnv>();
  app.get("/v1/events", async (c) => {
    const { outgoing, incoming } = c.env;
    const query = new URL(c.req.url).searchParams;
    const filter = readFilter(query);
    const principal = c.get("principal") ?? LOCAL_OPERATOR;
    // Taken before the answer begins: whoever reads what there is once it has begun, misses nothing in between.
    const { after, id } = await placeOf(options.store, c, query.getAll("after"));
    if (incoming.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    streams.open({ principal, filter, after, id, outgoing });
    return RESPONSE_ALREADY_SENT;
  });
  return { app, close: () => streams.close() };
}

/** A browser that comes again sends the newest id it got, and the address it began with. */
async function placeOf(
  store: Store,
  c: Context<LiveEnv>,
  named: readonly string[],
): Promise<{ readonly after: TailPlace; readonly id: string | null }> {
  if (named.length > 1) throw invalid("`after` stands twice.", "Name one place to go on from.");
  const id = c.req.header("last-event-id") || named[0] || null;
  if (id !== null && id !== START) return { id, after: await placeOfId(store, id) };
  const end = await store.end();
  if (id === START) return { id, after: end.map(() => 0) };
  return { id: await idOfPlace(store, end), after: end };
}

/** The streams that are open. */
class LiveStreams implements LiveListener {
  readonly #options: LiveOptions;
  readonly #limits: LiveLimits;
  readonly #keys: KeyWatch;
  readonly #hub: LiveHub;
  readonly #lane = new Lane();
  readonly #readers = new Map<LiveReader, Principal>();
  #beating = new AbortController();
  #isClosed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#keys = options.keys ?? NO_KEYS;
    this.#hub = new LiveHub({ ...options, keys: this.#keys });
  }

  /** Throws `too_many` when there are as many as may be. */
  open(request: LiveRequest): void {
    this.#assertRoom(request.principal);
    const { store, clock, report } = this.#options;
    const shared = { hub: this.#hub, keys: this.#keys, lane: this.#lane, limits: this.#limits };
    const reader = new LiveReader({ store, clock, report, ...shared }, request);
    this.#readers.set(reader, request.principal);
    if (this.#readers.size === 1) this.#begin();
    reader.over.addEventListener("abort", () => this.#remove(reader), { once: true });
    begin(request);
    void reader.run();
  }

  /** What happens to keys ends the streams of those that hold no more, also of those who wait for something else. */
  take(page: LivePage): void {
    if (page.events.some(({ stored }) => stored.event.stream === KEYS_STREAM)) this.#cutEnded();
  }

  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers.keys()) reader.end("closing");
  }

  #begin(): void {
    void this.#beat();
    const { report } = this.#options;
    void this.#hub.enter().then(() => this.#hub.join(this), report);
  }

  #remove(reader: LiveReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#beating.abort();
    this.#hub.leave(this);
  }

  #cutEnded(): void {
    for (const reader of this.#readers.keys()) reader.holds();
  }

  #assertRoom(principal: Principal): void {
    if (this.#isClosed) {
      const what = "This server is closing.";
      throw new HolodeckError("store_closed", { what, todo: "Try again in a few seconds." });
    }
    const { streams, streamsPerKey } = this.#limits;
    const own = [...this.#readers.values()].filter(({ name }) => name === principal.name).length;
    const most = principal === LOCAL_OPERATOR ? streams : streamsPerKey;
    if (own < most && this.#readers.size < streams) return;
    throw new HolodeckError("too_many", {
      what: `There are ${Math.min(most, streams)} live streams already.`,
      todo: "End one of them; several filters fit into one.",
    });
  }

  async #beat(): Promise<void> {
    this.#beating = new AbortController();
    const { signal } = this.#beating;
    while (!signal.aborted) {
      await this.#options.clock.sleep(this.#limits.beatMs, signal);
      if (signal.aborted) return;
      // What cannot be read is found out at the next event: nothing is told before.
      await this.#keys.readOn().catch(this.#options.report);
      this.#cutEnded();
      for (const reader of this.#readers.keys()) reader.beat();
    }
  }
}

/** Says where it begins too: who is cut before the first event has been told no other id. */
function begin({ outgoing, id }: LiveRequest): void {
  outgoing.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
    connection: "close",
  });
  // Not all at once, when all were ended at once.
  const retry = `retry: ${1_000 + Math.floor(Math.random() * 2_000)}\n`;
  outgoing.write(id === null ? `${retry}\n` : `${retry}id: ${id}\n\n`);
}
