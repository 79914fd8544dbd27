// Lets go of what ended sessions hold once it is old enough. The stream says so first, then the store lets go of the
// bytes, then blobs nobody names go; a crash between any two leaves a sound store, and the next tick finishes.
import type { Clock } from "../event/clock.ts";
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import { prunedBy } from "../event/pruned.ts";
import { Runtime } from "../event/runtime.ts";
import type { Store, StoredHead } from "../store/port.ts";
import { outboxOf } from "../tile/outbox-stream.ts";
import { sessionAggregate } from "./aggregate.ts";
import type { SessionCommand } from "./commands.ts";
import type { PrunedPart, SessionEvent } from "./events.ts";
import { checkRetain, type Retain } from "./retain.ts";
import type { SessionState } from "./state.ts";
import { UnusedBlobs } from "./unused-blobs.ts";

/** What went, or with a dry run what would. */
export interface Pruned {
  readonly sessions: number;
  readonly events: number;
  readonly blobs: number;
  readonly blobBytes: number;
}

export interface RetentionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly retain: Retain;
  /** Names this process in the lease that saves double work. */
  readonly owner: string;
  /** Changes nothing and counts. */
  readonly dryRun?: boolean;
  readonly onError?: (error: unknown) => void;
}

/** `elsewhere`: another process is at it. */
export type Ticked = "more" | "done" | "elsewhere";

const DAY_MS = 24 * 60 * 60 * 1000;

const NEVER = Number.POSITIVE_INFINITY;

/** How many sessions a tick looks at. */
const HEADS_MAX = 100;

/** Between two rounds through all sessions and blobs. */
const ROUND_MS = 60 * 60 * 1000;

const LEASE = { name: "retention", ttlMs: 60_000 };

export class Retention {
  readonly #options: RetentionOptions;
  readonly #runtime: Runtime<SessionState, SessionCommand, SessionEvent>;
  #round: Round | null = null;
  /** Whether sessions that say they are pruned may have been left half way, by a crash or by a failure here. */
  #mayBeHalfWay = true;
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  #pruned: Pruned = { sessions: 0, events: 0, blobs: 0, blobBytes: 0 };

  /** Throws `invalid_argument` for a `retain` that cannot be kept to. */
  constructor(options: RetentionOptions) {
    checkRetain(options.retain);
    this.#options = options;
    const moment = (): Moment => ({ now: options.clock.now(), boot: options.clock.boot() });
    this.#runtime = new Runtime({ aggregate: sessionAggregate, log: options.store, moment });
  }

  /** What went since this was made. */
  get pruned(): Pruned {
    return this.#pruned;
  }

  /** Does a bounded part of a round through all sessions and blobs. */
  async tick(): Promise<Ticked> {
    const { store, clock, owner, dryRun = false } = this.#options;
    if (!dryRun && !(await store.lease({ ...LEASE, owner, now: Math.floor(clock.now()) })))
      return "elsewhere";
    this.#round ??= this.#begin();
    try {
      if (await this.#advance(this.#round)) return "more";
      this.#mayBeHalfWay = false;
    } catch (error) {
      this.#mayBeHalfWay = true;
      this.#round = null;
      throw error;
    }
    this.#round = null;
    if (!dryRun) await store.lease({ ...LEASE, owner, now: Math.floor(clock.now()), ttlMs: 0 });
    return "done";
  }

  /** Ticks until a round is over. Throws `conflict` when another process is at it. */
  async run(): Promise<Pruned> {
    for (;;) {
      const ticked = await this.tick();
      if (ticked === "done") return this.#pruned;
      if (ticked === "elsewhere") throw atWork();
    }
  }

  /** Ticks until `stop`: at once while there is work, else each hour. */
  start(): void {
    if (this.#stop !== null) return;
    this.#stop = new AbortController();
    this.#running = this.#repeat(this.#stop.signal);
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
    this.#stop = null;
  }

  async #repeat(stopped: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options;
    while (!stopped.aborted) {
      const ticked = await this.tick().catch((error: unknown) => (onError?.(error), "done"));
      if (ticked !== "more") await clock.sleep(ROUND_MS, stopped);
    }
  }

  #begin(): Round {
    const { store, clock, dryRun = false } = this.#options;
    const now = Math.floor(clock.now());
    const hasLetGo = async (stream: StreamId): Promise<boolean> => {
      const head = await store.head({ stream });
      return head !== null && (partOf(head) !== null || (dryRun && this.#due(head, now) !== null));
    };
    const blobs = new UnusedBlobs(
      {
        store,
        hasLetGo,
        unused: async (blob, putBefore) => {
          const went = dryRun || (await store.deleteBlob({ hash: blob.hash, putBefore }));
          if (went) this.#count({ blobs: 1, blobBytes: blob.bytes });
        },
      },
      now,
    );
    return { now, next: undefined, blobs };
  }

  async #advance(round: Round): Promise<boolean> {
    if (round.next === null) return await round.blobs.step();
    const page = { limit: HEADS_MAX, ...(round.next !== undefined && { after: round.next }) };
    const filter = { kind: "session", createdBefore: round.now + 1 };
    const { items, next } = await this.#options.store.heads({ filter, page });
    for (const head of items) await this.#prune(head, round.now);
    round.next = next;
    return true;
  }

  async #prune(head: StoredHead, now: number): Promise<void> {
    const part = this.#due(head, now);
    if (part === "events" && (await this.#hasTilesToSend(head))) return;
    if (part !== null) await this.#let(head, part);
    else if (this.#mayBeHalfWay && partOf(head) === "events") await this.#finish(head);
  }

  /** A tile is its event: what still waits for its room, or was parked on the way, must be there to be sent. */
  async #hasTilesToSend({ stream, summary }: StoredHead): Promise<boolean> {
    if (summary["deliver_tiles"] !== true) return false;
    const outbox = await this.#options.store.head({ stream: outboxOf(stream) });
    return outbox?.status !== "done" || outbox.summary["parked"] !== 0;
  }

  /** What of a session is to go now; null for nothing. */
  #due(head: StoredHead, now: number): PrunedPart | null {
    const { eventsDays = NEVER, blobsDays = NEVER, keepFailed = false } = this.#options.retain;
    if (head.status === "open" || partOf(head) === "events") return null;
    if (keepFailed && (head.status === "failed" || head.status === "timeout")) return null;
    const days = (now - head.createdAt - Number(head.summary["duration_ms"])) / DAY_MS;
    if (days >= eventsDays) return "events";
    return days >= blobsDays && partOf(head) === null ? "blobs" : null;
  }

  async #let(head: StoredHead, what: PrunedPart): Promise<void> {
    const { stream, seq, hash } = head;
    if (this.#options.dryRun === true) {
      this.#count({ sessions: 1, events: what === "events" ? seq : 0 });
      return;
    }
    const command = { type: "prune_session", what, seen: partOf(head), to: seq, lastHash: hash } as const;
    const { events } = await this.#runtime.execute(stream, command);
    await this.#runtime.idle();
    this.#runtime.evict(stream);
    if (events.length === 0) return;
    this.#count({ sessions: 1 });
    const now = await this.#options.store.head({ stream });
    if (what === "events" && now !== null) await this.#finish(now);
  }

  /** Lets the store do what a session's last event says. */
  async #finish({ stream, seq }: StoredHead): Promise<void> {
    const { store, dryRun = false } = this.#options;
    const [last] = await store.read({ stream, afterSeq: seq - 1, limit: 1 });
    const said = last === undefined ? null : prunedBy(last.event);
    if (said === null || dryRun) return;
    this.#count({ events: await store.prune({ stream, throughSeq: said.to }) });
  }

  #count(more: Partial<Pruned>): void {
    const { sessions, events, blobs, blobBytes } = this.#pruned;
    this.#pruned = {
      sessions: sessions + (more.sessions ?? 0),
      events: events + (more.events ?? 0),
      blobs: blobs + (more.blobs ?? 0),
      blobBytes: blobBytes + (more.blobBytes ?? 0),
    };
  }
}

interface Round {
  readonly now: number;
  /** Where the list of sessions goes on; null when it is at its end. */
  next: string | null | undefined;
  readonly blobs: UnusedBlobs;
}

function partOf({ summary }: StoredHead): PrunedPart | null {
  const { pruned } = summary;
  return pruned === "events" || pruned === "blobs" ? pruned : null;
}

function atWork(): HolodeckError {
  return new HolodeckError("conflict", {
    what: "Another process is pruning this store.",
    todo: "Try again when it is done; nothing is lost by waiting.",
  });
}
