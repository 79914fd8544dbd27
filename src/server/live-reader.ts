// One live reader: reads the log from where it left off, steps over to the shared tail once it has caught up, and steps
// back to the log when it cannot take what comes. So what waits for a slow reader lies in the store and not in memory.
// One who takes nothing for a while is cut, and told the id to go on from.
import type { ServerResponse } from "node:http";
import type { Clock } from "../event/clock.ts";
import type { TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import type { Lane } from "./lane.ts";
import { frameText, gapText, liveEvents, type LiveEvent } from "./live-event.ts";
import { isAskedFor, mayConcern, mayFollow, type LiveFilter } from "./live-filter.ts";
import type { KeyWatch, LiveHub, LiveListener, LivePage } from "./live-hub.ts";
import type { Principal } from "./principal.ts";

/** What all readers share. */
export interface LiveParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly hub: LiveHub;
  readonly keys: KeyWatch;
  readonly lane: Lane;
  readonly report: (error: unknown) => void;
  readonly limits: ReaderLimits;
}

export interface ReaderLimits {
  /** What may wait for a reader in memory. */
  readonly bytes: number;
  /** How long a reader may take for that, in milliseconds. */
  readonly drainMs: number;
}

export interface LiveRequest {
  readonly principal: Principal;
  readonly filter: LiveFilter;
  /** Where to go on from. */
  readonly after: TailPlace;
  /** That place's id; null where there is none. */
  readonly id: string | null;
  readonly outgoing: ServerResponse;
}

/** Why a stream ends: said in its last event. */
export type ByeReason = "closing" | "denied" | "failed" | "too_slow";

/** Each event may have 64 KiB. */
const PAGE = 64;

/** What is sent at once of what is read from the log. */
const CHUNK_BYTES = 64 * 1024;

/** How long the last words may take to get out, in milliseconds. */
const BYE_MS = 1_000;

export class LiveReader implements LiveListener {
  readonly #parts: LiveParts;
  readonly #request: LiveRequest;
  readonly #over = new AbortController();
  /** How far it has been sent what is for it. */
  #seen: number[] = [];
  #last: LiveEvent | null = null;
  #isQuiet = true;

  constructor(parts: LiveParts, request: LiveRequest) {
    this.#parts = parts;
    this.#request = request;
  }

  /** Aborts once the stream has ended, whoever ended it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Resolves when it is told of what comes, or is over. Never rejects. */
  async run(): Promise<void> {
    const { after, outgoing } = this.#request;
    this.#seen = [...after];
    outgoing.once("close", () => this.#finish());
    void this.#endInTime();
    try {
      await this.#parts.hub.enter();
      await this.#catchUp();
    } catch (error) {
      this.#fail(error);
    }
  }

  take(page: LivePage): void {
    if (!this.holds()) return;
    const frames = page.events.filter((event) => this.#wants(event)).map(({ frame }) => frame);
    if (this.#fits(frames)) {
      for (const event of page.events) this.#pass(event);
      if (frames.length > 0)
        this.#send(frames.length === page.events.length ? page.whole : Buffer.concat(frames));
      return;
    }
    this.#parts.hub.part(this);
    this.#catchUp().catch((error: unknown) => this.#fail(error));
  }

  /** A sign of life for who was told nothing since the last one. Its id spares the reader what is not for it. */
  beat(): void {
    if (this.#isQuiet && !this.#request.outgoing.writableNeedDrain)
      this.#send(`: still here\n${this.#idLine()}\n`);
    this.#isQuiet = true;
  }

  /** Ends the stream with the reason, and with the id to go on from. */
  end(reason: ByeReason): void {
    if (this.over.aborted) return;
    const { outgoing } = this.#request;
    const resume = this.#last?.id ?? this.#request.id;
    outgoing.end(`${this.#idLine()}${frameText("bye", { reason, resume })}`);
    this.#finish();
    void this.#parts.clock.sleep(BYE_MS).then(() => outgoing.destroy());
  }

  /** Whether who asked might still ask. Ends the stream when not. */
  holds(): boolean {
    const { principal } = this.#request;
    const { keys, clock } = this.#parts;
    const isOver = principal.expiresAt !== null && clock.now() >= principal.expiresAt;
    if (isOver || !keys.holds(principal)) this.end("denied");
    return !this.over.aborted;
  }

  /** Ends the stream with the key or token it was asked for with. */
  async #endInTime(): Promise<void> {
    const { expiresAt } = this.#request.principal;
    const { clock } = this.#parts;
    if (expiresAt === null) return;
    // However far that is, a clock may wake early.
    while (this.holds()) await clock.sleep(expiresAt - clock.now(), this.over);
  }

  /** Sends what came before, from the log, until the shared tail takes over. */
  async #catchUp(): Promise<void> {
    const { hub, keys, lane, store } = this.#parts;
    while (await this.#mayGoOn()) {
      // Once more: there may have been news since, and from here to what is sent nothing is waited for.
      if (!this.holds()) return;
      const kept = hub.since(this.#seen);
      const frames = kept?.flatMap((event) => this.#oldFrames(event));
      if (kept !== null && frames !== undefined && this.#fits(frames)) {
        // In one turn, so that nothing can come in between.
        hub.join(this);
        for (const event of kept) this.#pass(event);
        if (frames.length > 0) this.#send(Buffer.concat(frames));
        return;
      }
      if (kept !== null) await this.#sendOld(kept);
      else {
        const after = [...this.#seen];
        const page = await lane.run(async () => await store.tail({ after, limit: PAGE }));
        await keys.readOn();
        if (!this.holds()) return;
        if (await this.#sendOld(liveEvents(page.events, after))) this.#seen = [...page.place];
      }
    }
  }

  /** As fast as the reader takes it; false when it is over before the end. */
  async #sendOld(events: readonly LiveEvent[]): Promise<boolean> {
    let frames: Buffer[] = [];
    let length = 0;
    for (const event of events) {
      for (const frame of this.#oldFrames(event)) length += frames[frames.push(frame) - 1]?.length ?? 0;
      this.#pass(event);
      if (length < CHUNK_BYTES) continue;
      this.#send(Buffer.concat(frames));
      if (!(await this.#mayGoOn()) || !this.holds()) return false;
      frames = [];
      length = 0;
    }
    if (length > 0) this.#send(Buffer.concat(frames));
    return !this.over.aborted;
  }

  /** Waits until there is room for more, and it is known what happened to keys meanwhile. */
  async #mayGoOn(): Promise<boolean> {
    if (!(await this.#hasRoom())) return false;
    await this.#parts.keys.readOn();
    return !this.over.aborted;
  }

  /** Waits until the reader has taken what was sent. False when it does not, or is over. */
  async #hasRoom(): Promise<boolean> {
    const { outgoing } = this.#request;
    if (this.over.aborted || !outgoing.writableNeedDrain) return !this.over.aborted;
    const { clock, limits } = this.#parts;
    const done = new AbortController();
    const stop = (): void => done.abort();
    outgoing.once("drain", stop);
    this.over.addEventListener("abort", stop, { once: true });
    await clock.sleep(limits.drainMs, done.signal);
    outgoing.off("drain", stop);
    this.over.removeEventListener("abort", stop);
    if (!done.signal.aborted) this.end("too_slow");
    return !this.over.aborted;
  }

  #oldFrames(event: LiveEvent): readonly Buffer[] {
    const { principal, filter } = this.#request;
    if (!this.#isNew(event) || !mayFollow(principal, event.stored.event)) return [];
    const gap = mayConcern(filter, event.stored.event) ? gapText(event.stored) : "";
    const frames = isAskedFor(filter, event.stored.event) ? [event.frame] : [];
    return gap === "" ? frames : [Buffer.from(gap), ...frames];
  }

  #wants(event: LiveEvent): boolean {
    const { principal, filter } = this.#request;
    const { event: what } = event.stored;
    return mayFollow(principal, what) && isAskedFor(filter, what) && this.#isNew(event);
  }

  /** Whoever stepped over may have been ahead of the shared tail. */
  #isNew({ stored, partition }: LiveEvent): boolean {
    return stored.position > (this.#seen[partition] ?? 0);
  }

  #pass(event: LiveEvent): void {
    if (!this.#isNew(event)) return;
    this.#seen[event.partition] = event.stored.position;
    this.#last = event;
  }

  #fits(frames: readonly Buffer[]): boolean {
    const length = frames.reduce((sum, frame) => sum + frame.length, 0);
    return this.#request.outgoing.writableLength + length <= this.#parts.limits.bytes;
  }

  #send(chunk: Buffer | string): void {
    if (this.over.aborted) return;
    this.#isQuiet = false;
    this.#request.outgoing.write(chunk);
  }

  #idLine(): string {
    return this.#last === null ? "" : `id: ${this.#last.id}\n`;
  }

  #fail(error: unknown): void {
    this.#parts.report(error);
    this.end("failed");
  }

  #finish(): void {
    if (this.over.aborted) return;
    this.#over.abort();
    this.#parts.hub.leave(this);
  }
}
