// Takes tiles in: brings what is outside of a room (its store's keys, blobs, the tile that is to be ended) to the
// command, and gives it to the room. What is decided is decided by the gate, the room and the keys.
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { Hash, StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Executed, LogSpan, Runtime, Untimed } from "../event/runtime.ts";
import { TracedRuntime } from "../session/traced-runtime.ts";
import type { Store } from "../store/port.ts";
import { DUPLICATE, judge, type GateRefusal } from "../tile/gate.ts";
import {
  contentKey,
  endKey,
  requestKey,
  roomAggregate,
  roomStream,
  type RoomCommand,
  type RoomEvent,
  type RoomState,
} from "../tile/room-aggregate.ts";
import type { Submission } from "../tile/submission.ts";
import type { AnswerBlob } from "../tile/submitted-tile.ts";
import type { Counted, RoomCounts } from "./room-counts.ts";
import { TILE_SOURCE, tileOf } from "../tile/tile.ts";

/** What became of a submission: the tile it is now, or was the first time, or why it is none. */
export type Taken =
  | (Counted & { readonly status: "accepted"; readonly isRepeat: boolean })
  | { readonly status: "rejected"; readonly refusal: GateRefusal };

export interface DeskOptions {
  readonly store: Store;
  readonly moment: () => Moment;
  readonly counts: RoomCounts;
}

/** An answer up to this many bytes of JSON stands in the event. */
const ANSWER_BYTES_INLINE = 32 * 1024;

const HASH = /^[0-9a-f]{64}$/;

/** How often a room is counted anew when a tile came in between. */
const COUNT_TRIES = 3;

/** Rooms whose state is kept between two tiles. */
const ROOMS_KEPT = 4_096;

interface Delivery {
  readonly submission: Submission;
  /** Of the caller; null when it gave none. */
  readonly idempotencyKey: string | null;
  readonly answerBlob: AnswerBlob | null;
  readonly supersedes: Hash | null;
  /** Null without an idempotency key. */
  readonly tilesElsewhere: number | null;
}

export class TileDesk {
  readonly #store: Store;
  readonly #counts: RoomCounts;
  readonly #runtime: Runtime<RoomState, RoomCommand, RoomEvent>;
  readonly #kept = new Set<StreamId>();

  constructor({ store, moment, counts }: DeskOptions) {
    this.#store = store;
    this.#counts = counts;
    const onAppended = (span: LogSpan): void => counts.take(span);
    this.#runtime = new TracedRuntime({ aggregate: roomAggregate, log: store, moment, onAppended });
  }

  async submit(submission: Submission, idempotencyKey: string | null): Promise<Taken> {
    return await (
      await this.prepare(submission, idempotencyKey)
    )();
  }

  /**
   * Does what need not be in order with others; the function it answers submits at once. So tiles prepared one after
   * the other and submitted together share their commits and keep their order.
   */
  async prepare(submission: Submission, idempotencyKey: string | null): Promise<() => Promise<Taken>> {
    return await this.#prepare(submission, idempotencyKey, null);
  }

  /** Throws `not_found` for a hash the room does not have, and `conflict` for a tile that has been ended otherwise. */
  async supersede(oldHash: Hash, submission: Submission, idempotencyKey: string | null): Promise<Taken> {
    await this.#assertTile(submission.room, oldHash);
    return await (
      await this.#prepare(submission, idempotencyKey, oldHash)
    )();
  }

  /** Answers the event that retracted the tile. Throws as `supersede` does. */
  async retract(room: string, tileHash: Hash, reason: string): Promise<StoredEvent> {
    await this.#assertTile(room, tileHash);
    const stream = roomStream(room);
    const command = { type: "retract_tile", room, tileHash, reason } as const;
    const executed = await this.#execute(stream, command, [endKey(tileHash)]);
    const { stored } = await this.#event(stream, executed.repeated ?? executed.events[0]?.seq ?? 0);
    if (stored.event.type !== "tile_retracted") throw alreadyEnded(tileHash);
    return stored;
  }

  async #prepare(
    submission: Submission,
    idempotencyKey: string | null,
    supersedes: Hash | null,
  ): Promise<() => Promise<Taken>> {
    const stream = roomStream(submission.room);
    if (!this.#counts.hasBegun) await this.#counts.current();
    if (idempotencyKey !== null) {
      const seq = await this.#store.key({ stream, key: requestKey(idempotencyKey) });
      if (seq !== null) return async () => await this.#repeat(stream, seq);
      const own = await this.#ownTile(submission, idempotencyKey);
      if (own !== null) {
        return async () => {
          const { rooms } = await this.#counts.current();
          const roomTiles = rooms.get(submission.room)?.tiles ?? 0;
          return { status: "accepted", stored: own, roomTiles, isRepeat: true };
        };
      }
    }
    const refusal = judge(submission);
    if (refusal !== null) return async () => await Promise.resolve({ status: "rejected", refusal });
    const answerBlob = await this.#answerBlob(submission);
    const tilesElsewhere = idempotencyKey === null ? null : await this.#tilesElsewhere(submission.room);
    const delivery = { submission, idempotencyKey, answerBlob, supersedes, tilesElsewhere };
    return async () => await this.#deliver(stream, delivery);
  }

  /**
   * A session's tile that was sent here from the very store this server reads: it stands in its room already.
   * Sessions send their tiles under the hash of their events (`tile/outbox.ts`).
   */
  async #ownTile({ room, tile }: Submission, idempotencyKey: string): Promise<StoredEvent | null> {
    if (tile["source"] !== TILE_SOURCE || !HASH.test(idempotencyKey)) return null;
    const stored = await this.#store.find({ hash: idempotencyKey });
    return stored?.event.room === room && tileOf(stored.event) !== null ? stored : null;
  }

  /** Tiles of sessions stand in a room without being in its stream. Exact unless others keep on submitting to it. */
  async #tilesElsewhere(room: string): Promise<number> {
    let submitted = await this.#submitted(room);
    for (let tries = 0; ; tries++) {
      const { rooms } = await this.#counts.current();
      const before = submitted;
      submitted = await this.#submitted(room);
      if (submitted === before || tries === COUNT_TRIES)
        return Math.max(0, (rooms.get(room)?.tiles ?? 0) - before);
    }
  }

  async #submitted(room: string): Promise<number> {
    const head = await this.#store.head({ stream: roomStream(room) });
    const submitted = head?.summary["submitted"];
    return typeof submitted === "number" ? submitted : 0;
  }

  async #deliver(stream: StreamId, delivery: Delivery): Promise<Taken> {
    const { submission, idempotencyKey, answerBlob, supersedes, tilesElsewhere } = delivery;
    const { room, tile, question, answer } = submission;
    const content = contentKey(question, answer);
    const end = supersedes === null ? null : endKey(supersedes);
    const keys = [
      ...(idempotencyKey === null ? [] : [requestKey(idempotencyKey)]),
      ...(end === null ? [] : [end]),
    ];
    const command = { type: "submit_tile", room, tile, answerBlob, supersedes, tilesElsewhere } as const;
    let executed = await this.#execute(stream, command, [...keys, content]);
    if (executed.repeatedKey === content) {
      // Rule 6 judges only tiles without a key of their own; one with a key stands beside the first.
      if (idempotencyKey === null) return { status: "rejected", refusal: DUPLICATE };
      executed = await this.#execute(stream, command, keys);
    }
    if (executed.repeated === null) {
      const counted = await this.#event(stream, executed.events[0]?.seq ?? 0);
      return { status: "accepted", ...counted, isRepeat: false };
    }
    if (supersedes !== null && executed.repeatedKey === end) {
      // Superseding a tile once more by the same is the same; by another it comes too late.
      const first = await this.#store.key({ stream, key: content });
      if (first !== executed.repeated) throw alreadyEnded(supersedes);
    }
    return await this.#repeat(stream, executed.repeated);
  }

  async #repeat(stream: StreamId, seq: number): Promise<Taken> {
    return { status: "accepted", ...(await this.#event(stream, seq)), isRepeat: true };
  }

  async #execute(
    stream: StreamId,
    command: Untimed<RoomCommand>,
    keys: readonly string[],
  ): Promise<Executed<RoomEvent>> {
    const executed = await this.#runtime.execute(stream, command, keys);
    this.#keep(stream);
    if (executed.refusal !== null) throw new HolodeckError(executed.refusal.code, executed.refusal);
    return executed;
  }

  /** A server sees rooms without end; the state of those seen longest ago is let go of. */
  #keep(stream: StreamId): void {
    this.#kept.delete(stream);
    this.#kept.add(stream);
    const [oldest] = this.#kept;
    if (this.#kept.size <= ROOMS_KEPT || oldest === undefined) return;
    this.#kept.delete(oldest);
    this.#runtime.evict(oldest);
  }

  async #answerBlob({ answer }: Submission): Promise<AnswerBlob | null> {
    const bytes = Buffer.from(JSON.stringify(answer));
    if (bytes.length <= ANSWER_BYTES_INLINE) return null;
    const hash = await this.#store.putBlob({ bytes });
    return { hash, bytes: bytes.length, preview: bytes.subarray(0, 1_024).toString().toWellFormed() };
  }

  async #assertTile(room: string, hash: Hash): Promise<void> {
    const stored = await this.#store.find({ hash });
    if (stored?.event.room === room && tileOf(stored.event) !== null) return;
    throw new HolodeckError("not_found", {
      what: `The room ${JSON.stringify(room)} has no tile ${hash}.`,
      todo: "GET /room/{name} shows its tiles with their hashes.",
    });
  }

  async #event(stream: StreamId, seq: number): Promise<Counted> {
    const counted = await this.#counts.event(stream, seq);
    if (counted !== null) return counted;
    throw new HolodeckError("store_corrupt", {
      what: `Event ${seq} of ${stream} is not in the store.`,
      todo: "Run `holodeck verify`.",
    });
  }
}

function alreadyEnded(hash: Hash): HolodeckError {
  return new HolodeckError("conflict", {
    what: `The tile ${hash} has been retracted or superseded already.`,
    todo: "GET /verify/{hash} shows what became of it.",
  });
}
