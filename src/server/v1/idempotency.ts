// Requests with an idempotency key: worked on once, answered alike as often as they are repeated, also after a restart.
// Three steps, each durable before the next: the request is taken in, its effect happens under a key that leads to one
// effect alone, its answer is kept. A crash between two of them is made good by whoever repeats the request.
import { hash as digest } from "node:crypto";
import type { Moment } from "../../event/decider.ts";
import { HolodeckError } from "../../event/error.ts";
import type { Event, Hash, StreamId } from "../../event/event.ts";
import type { JsonObject } from "../../event/json.ts";
import { Runtime } from "../../event/runtime.ts";
import type { Processes } from "../../session/host.ts";
import type { Store } from "../../store/port.ts";
import type { KeyedRequest } from "./endpoint.ts";
import {
  answeredKey,
  requestAggregate,
  requestStream,
  takenKey,
  type RequestAnswered,
  type RequestCommand,
  type RequestEvent,
  type RequestState,
  type RequestTaken,
} from "./request-aggregate.ts";
import { LOOK_EVERY, pruneRequests } from "./request-pruning.ts";

/** What was asked, by whom, under which key. */
export interface Asked {
  readonly principal: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body: JsonObject;
}

/** An answer as it is kept and sent. */
export interface KeptAnswer {
  readonly status: number;
  readonly type: string;
  readonly location: string | null;
  readonly text: string;
  readonly isRepeat: boolean;
}

export interface RequestDeskOptions {
  readonly store: Store;
  readonly moment: () => Moment;
  readonly processes: Processes;
  /** Told of trouble in the background. */
  readonly report: (error: unknown) => void;
}

/** A request another machine took in and did not answer within this time is taken over. */
const TAKEN_OVER_MS = 30_000;

/** A longer answer is a blob: an event has 64 KiB, and JSON within JSON grows. */
const BODY_LENGTH_INLINE = 16 * 1024;

/** Each request has so many, so that one of them is seen to pass each round number. */
const EVENTS_OF_REQUEST = 2;

export class RequestDesk {
  readonly #options: RequestDeskOptions;
  readonly #runtime: Runtime<RequestState, RequestCommand, RequestEvent>;
  /** Worked on right now, here. */
  readonly #underway = new Set<Hash>();

  constructor(options: RequestDeskOptions) {
    this.#options = options;
    const { store: log, moment } = options;
    this.#runtime = new Runtime({ aggregate: requestAggregate, log, moment });
  }

  /**
   * Answers what was answered before; else works on it, and keeps the answer. What `work` throws is kept by nobody: the
   * next to ask finds out anew. Throws `idempotency_key_reused` when the key came with another request, and `request_in_flight` while someone is at it.
   */
  async once(
    asked: Asked,
    work: (request: KeyedRequest) => Promise<Omit<KeptAnswer, "isRepeat">>,
  ): Promise<KeptAnswer> {
    const id = sha256(JSON.stringify([asked.principal, asked.key]));
    const taken = await this.#take(id, asked);
    const before = await this.#answer(id);
    if (before !== null) return before;
    this.#assertFree(id, taken);
    this.#underway.add(id);
    try {
      return await this.#keep(id, await work({ key: `request:${id}`, takenAt: taken.event.at }));
    } finally {
      this.#underway.delete(id);
    }
  }

  /** The event that took it in, now or earlier. */
  async #take(
    id: Hash,
    { method, path, body }: Asked,
  ): Promise<{ readonly event: Event; readonly isNew: boolean }> {
    const { store, processes } = this.#options;
    const stream = requestStream(id);
    const asked: RequestTaken = {
      digest: sha256(JSON.stringify([method, path, canonical(body)])),
      process: processes.self(),
    };
    const earlier = await store.key({ stream, key: takenKey(id) });
    const executed =
      earlier === null
        ? await this.#runtime.execute(stream, { type: "take_request", taken: asked }, takenKey(id))
        : { repeated: earlier, events: [] };
    const seq = executed.repeated ?? executed.events[0]?.seq ?? 0;
    const [stored] = await store.read({ stream, afterSeq: seq - 1, limit: 1 });
    if (stored === undefined) throw lost(stream, seq);
    if (stored.event.data["digest"] !== asked.digest) throw reused();
    return { event: stored.event, isNew: executed.repeated === null };
  }

  async #answer(id: Hash): Promise<KeptAnswer | null> {
    const { store } = this.#options;
    const stream = requestStream(id);
    const seq = await store.key({ stream, key: answeredKey(id) });
    if (seq === null) return null;
    const [stored] = await store.read({ stream, afterSeq: seq - 1, limit: 1 });
    if (stored === undefined) throw lost(stream, seq);
    const {
      status,
      type,
      location = null,
      body,
      body_blob,
    } = stored.event.data as unknown as RequestAnswered;
    const bytes = body_blob === undefined ? null : await store.blob({ hash: body_blob.hash });
    if (body === undefined && bytes === null) throw lost(stream, seq);
    return { status, type, location, text: body ?? Buffer.from(bytes ?? []).toString(), isRepeat: true };
  }

  /** Throws while somebody works on it. Whoever took it in and died does not. */
  #assertFree(id: Hash, { event, isNew }: { readonly event: Event; readonly isNew: boolean }): void {
    if (this.#underway.has(id)) throw inFlight();
    if (isNew) return;
    const { process } = event.data as unknown as RequestTaken;
    const { processes, moment } = this.#options;
    const self = processes.self();
    const isHere = process.host === self.host;
    // What this process took in and is not at, it failed to finish: the key of its effect makes good for it.
    const isOwn = isHere && process.pid === self.pid && process.start_time === self.start_time;
    const isYoung = moment().now < event.at + TAKEN_OVER_MS;
    if (!isOwn && (isHere ? processes.isAlive(process) && isYoung : isYoung)) throw inFlight();
  }

  async #keep(id: Hash, answer: Omit<KeptAnswer, "isRepeat">): Promise<KeptAnswer> {
    const { status, type, location, text } = answer;
    const kept: RequestAnswered = {
      status,
      type,
      ...(location !== null && { location }),
      ...(await this.#body(text)),
    };
    const command = { type: "answer_request", answered: kept } as const;
    const { repeated, events } = await this.#runtime.execute(requestStream(id), command, answeredKey(id));
    // Someone took it over and was quicker: there is one answer.
    const first = repeated === null ? null : await this.#answer(id);
    if (events.some(({ seq }) => seq % LOOK_EVERY < EVENTS_OF_REQUEST))
      void this.#forgetOld(requestStream(id));
    return first ?? { ...answer, isRepeat: false };
  }

  /** Requests of yesterday. What is not let go of now is let go of next time. */
  async #forgetOld(stream: StreamId): Promise<void> {
    const { store, moment, report } = this.#options;
    try {
      await pruneRequests({ store, runtime: this.#runtime, now: moment().now }, stream);
    } catch (error) {
      const isClosing = error instanceof HolodeckError && error.code === "store_closed";
      if (!isClosing) report(error);
    }
  }

  async #body(text: string): Promise<Pick<RequestAnswered, "body" | "body_blob">> {
    if (text.length <= BODY_LENGTH_INLINE) return { body: text };
    const bytes = Buffer.from(text);
    const hash = await this.#options.store.putBlob({ bytes, now: this.#options.moment().now });
    return { body_blob: { hash, bytes: bytes.length } };
  }
}

function sha256(text: string): Hash {
  return digest("sha256", text, "hex");
}

/** The same text for the same JSON, whatever the order of its members. */
function canonical(value: JsonObject): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function reused(): HolodeckError {
  return new HolodeckError("idempotency_key_reused", {
    what: "This idempotency key came with another request before.",
    todo: "Give each request a key of its own; repeat only the same request with the same key.",
  });
}

function inFlight(): HolodeckError {
  return new HolodeckError("request_in_flight", {
    what: "A request with this idempotency key is being worked on.",
    todo: "Send it again in a moment: it will be answered as the first one is.",
  });
}

function lost(stream: string, seq: number): HolodeckError {
  return new HolodeckError("store_corrupt", {
    what: `Event ${seq} of ${stream}, or what it names, is not in the store.`,
    todo: "Run `holodeck verify`.",
  });
}
