// The live stream of the sessions that are open here: one connection for all of them, taken up again where it broke
// off. Where that cannot be, whoever listens is told to look for itself.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { Event } from "../event/event.ts";
import type { StreamId } from "../event/stream.ts";
import type { Connection } from "./connection.ts";
import { readEvents, type ServedEvent } from "./event-source.ts";

/** What the live stream tells of an event. */
export type LiveEvent = Pick<Event, "stream" | "seq" | "at" | "type" | "room" | "data">;

export interface LiveFeedOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly onEvent: (event: LiveEvent) => void;
  /** Something may have been missed: in one stream, or (null) in any. */
  readonly onGap: (stream: StreamId | null) => void;
  /** Told once when the server refuses. */
  readonly report: (problem: HolodeckError) => void;
}

/** A server takes 100 values at once; for more sessions all that may be seen is asked for. */
const STREAMS_MAX = 90;

const FIRST_PAUSE_MS = 250;
const PAUSE_MS_MAX = 10_000;

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  #streams: readonly StreamId[] = [];
  #lastId: string | null = null;
  #connected: AbortController | null = null;
  #isReported = false;
  #isStopped = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  /** Follows just these from now on; none ends the connection, so that a process may end. */
  follow(streams: readonly StreamId[]): void {
    const before = this.#query();
    this.#streams = streams;
    if (this.#isStopped || (this.#connected !== null && before === this.#query())) return;
    this.#connected?.abort();
    this.#connected = null;
    // Nothing was told while nothing was followed.
    if (streams.length === 0) this.#lastId = null;
    else void this.#run((this.#connected = new AbortController()).signal);
  }

  stop(): void {
    this.#isStopped = true;
    this.#connected?.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.#listen(signal, () => (pause = FIRST_PAUSE_MS));
      } catch (error) {
        if (signal.aborted) return;
        this.#onRefusal(error);
      }
      await this.#options.clock.sleep(pause, signal);
      pause = Math.min(pause * 2, PAUSE_MS_MAX);
    }
  }

  async #listen(signal: AbortSignal, onOpen: () => void): Promise<void> {
    const { connection, onGap } = this.#options;
    const id = this.#lastId;
    const headers = { accept: "text/event-stream", ...(id !== null && { "last-event-id": id }) };
    const response = await connection.open(`/v1/events${this.#query()}`, headers, signal);
    onOpen();
    this.#isReported = false;
    // The answer begins after its place in the log is taken: what is read from here on overlaps with what comes.
    if (id === null) onGap(null);
    await readEvents(response, {
      onId: (next) => {
        if (!signal.aborted) this.#lastId = next;
      },
      onEvent: (event) => {
        if (!signal.aborted) this.#take(event);
      },
    });
  }

  #take({ type, data }: ServedEvent): void {
    if (type === "bye") return;
    const told = JSON.parse(data) as LiveEvent;
    if (type === "gap") this.#options.onGap(told.stream);
    else this.#options.onEvent(told);
  }

  #onRefusal(error: unknown): void {
    if (!(error instanceof HolodeckError) || error.code === "server_unreachable") return;
    // The place is none of this server's any more, or too old: begin anew, and look for what was missed.
    const isOfPlace = error.code === "invalid_argument" || error.code === "pruned";
    if (isOfPlace && this.#lastId !== null) this.#lastId = null;
    else if (!this.#isReported) {
      this.#isReported = true;
      this.#options.report(error);
    }
  }

  #query(): string {
    if (this.#streams.length > STREAMS_MAX) return "";
    return `?${this.#streams.map((stream) => `stream=${encodeURIComponent(stream)}`).join("&")}`;
  }
}
