// A room as an aggregate: the tiles others submit to it are events in its stream. What a room has seen it does not
// keep in its state, which stays the same size however large the room is: the store's keys remember it. A key is
// taken once in a stream, so that no two processes can both submit the same tile, or both end one.
import type { Aggregate, Decision, Happened } from "../event/decider.ts";
import { streamId, type Fact, type Hash, type StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import { roomNameFault } from "./room-name.ts";
import { contentHash } from "./content-hash.ts";
import type { AnswerBlob, TileSubmitted } from "./submitted-tile.ts";

export interface TileRetracted extends JsonObject {
  readonly room: string;
  readonly tile_hash: Hash;
  readonly reason: string;
}

export type RoomEvent =
  | (Fact & { readonly type: "tile_submitted"; readonly data: TileSubmitted })
  /** Has no tile of its own, so it stands in no room. */
  | (Fact & { readonly type: "tile_retracted"; readonly data: TileRetracted });

interface SubmitTile {
  readonly type: "submit_tile";
  readonly now: number;
  readonly room: string;
  /** As it came. */
  readonly tile: JsonObject;
  /** Where the answer is when it is too large for an event. */
  readonly answerBlob: AnswerBlob | null;
  /** The tile it takes the place of; null for none. Comes with `endKey`. */
  readonly supersedes: Hash | null;
  /** How many tiles of its room stand in other streams, for a tile whose answer is given again; null for others. */
  readonly tilesElsewhere: number | null;
}

interface RetractTile {
  readonly type: "retract_tile";
  readonly now: number;
  readonly room: string;
  readonly tileHash: Hash;
  readonly reason: string;
}

export type RoomCommand = SubmitTile | RetractTile;

/** What a room is as a stream; `submitted` and `retracted` count since its beginning. */
export interface RoomState {
  room: string;
  createdAt: number;
  submitted: number;
  retracted: number;
}

/** `room:gc/research` */
export function roomStream(room: string): StreamId {
  return streamId("room", room);
}

/** Taken by the first tile with this question and answer (rule 6 of the gate). */
export function contentKey(question: string, answer: string | JsonObject): string {
  return `tile:${contentHash(question, answer)}`;
}

/** Taken by what ended a tile: the event that retracted it, or the tile that superseded it. */
export function endKey(tileHash: Hash): string {
  return `ended:${tileHash}`;
}

/** Taken by the first submission that came with this idempotency key. */
export function requestKey(idempotencyKey: string): string {
  return `request:${idempotencyKey}`;
}

export const roomAggregate: Aggregate<RoomState, RoomCommand, RoomEvent> = {
  initial: () => ({ room: "", createdAt: 0, submitted: 0, retracted: 0 }),
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state): Json => ({ ...state }),
    load: (json) => ({ ...(json as unknown as RoomState) }),
  },
};

function decide({ submitted }: RoomState, command: RoomCommand): Decision<RoomEvent> {
  const { room } = command;
  const fault = roomNameFault(room);
  if (fault !== null) {
    const what = `The room ${JSON.stringify(room)} ${fault}.`;
    return { code: "invalid_argument", what, todo: "Use names parted by single slashes." };
  }
  if (command.type === "retract_tile") {
    const { tileHash, reason } = command;
    return [{ type: "tile_retracted", room: null, data: { room, tile_hash: tileHash, reason } }];
  }
  const { answerBlob, supersedes, tile, tilesElsewhere } = command;
  const { answer: _large, ...rest } = tile;
  const data = {
    tile: answerBlob === null ? tile : rest,
    ...(answerBlob !== null && { answer_blob: answerBlob }),
    ...(supersedes !== null && { supersedes }),
    ...(tilesElsewhere !== null && { room_tile_count: tilesElsewhere + submitted + 1 }),
  };
  return [{ type: "tile_submitted", room, data }];
}

function evolve(state: RoomState, event: Happened<RoomEvent>): RoomState {
  if (event.seq === 1) state.createdAt = event.at;
  if (event.type === "tile_submitted") {
    state.room = event.room ?? state.room;
    state.submitted++;
  } else {
    state.room = event.data.room;
    state.retracted++;
  }
  return state;
}

const NO_LABELS: readonly string[] = [];

function head({ room, createdAt, submitted, retracted }: RoomState): Head {
  return {
    kind: "room",
    status: "open",
    createdAt,
    dueAt: null,
    labels: NO_LABELS,
    summary: { room, submitted, retracted },
  };
}
