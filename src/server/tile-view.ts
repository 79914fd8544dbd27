// A tile as it is read back: what it says, what else was submitted, and where it stands (spec/wire.md §1).
import type { Event, Hash } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { roomNameFault } from "../tile/room-name.ts";
import { endKey, roomStream } from "../tile/room-aggregate.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { extrasOf, submittedOf } from "../tile/submitted-tile.ts";
import { tileOf } from "../tile/tile.ts";

export type TileState = "Active" | "Superseded" | "Retracted";

interface End {
  readonly state: TileState;
  readonly superseded_by?: Hash;
}

/** The tile of an event with its place; null when the event has none. Our own fields win over what was submitted. */
export async function viewTile(store: Store, stored: StoredEvent): Promise<JsonObject | null> {
  const { event, hash, position } = stored;
  const tile = tileOf(event);
  if (tile === null || event.room === null) return null;
  const isSubmitted = event.type === "tile_submitted";
  const end = await endOf(store, event.room, hash);
  const supersedes = isSubmitted ? submittedOf(event).supersedes : undefined;
  return {
    ...(tile as unknown as JsonObject),
    answer: isSubmitted ? await wholeAnswer(store, event, tile.answer) : tile.answer,
    ...(isSubmitted && extrasOf(event)),
    id: tileId(event),
    tile_hash: hash,
    room: event.room,
    created_at: event.at / 1_000,
    at: isoTime(event.at),
    state: end.state,
    // Named also when there is none: what was submitted under these names must not be taken for ours.
    superseded_by: end.superseded_by,
    supersedes,
    agent: agentOf(event),
    lamport: position,
    stream: event.stream,
    seq: event.seq,
  };
}

/** The tiles of events, those without one left out. */
export async function viewTiles(
  store: Store,
  events: readonly StoredEvent[],
): Promise<readonly JsonObject[]> {
  const tiles = await Promise.all(events.map((stored) => viewTile(store, stored)));
  return tiles.filter((tile) => tile !== null);
}

/** `room:hall@3`: where the tile's event stands. */
export function tileId({ stream, seq }: Event): string {
  return `${stream}@${seq}`;
}

/** Who the tile is from. */
export function agentOf(event: Event): string {
  const agent = event.type === "tile_submitted" ? submittedOf(event).tile["agent"] : event.data["agent_id"];
  return typeof agent === "string" && agent !== "" ? agent : (tileOf(event)?.source ?? "unknown");
}

/** What became of a tile. Only what is in a room with a sound name can have been ended. */
async function endOf(store: Store, room: string, hash: Hash): Promise<End> {
  if (roomNameFault(room) !== null) return { state: "Active" };
  const stream = roomStream(room);
  const seq = await store.key({ stream, key: endKey(hash) });
  if (seq === null) return { state: "Active" };
  const [end] = await store.read({ stream, afterSeq: seq - 1, limit: 1 });
  if (end?.event.type !== "tile_submitted") return { state: "Retracted" };
  return { state: "Superseded", superseded_by: end.hash };
}

/** A large answer from its blob; where that is gone, what the event tells of it. */
async function wholeAnswer(store: Store, event: Event, answer: Json): Promise<Json> {
  const reference = submittedOf(event).answer_blob;
  if (reference === undefined) return answer;
  const bytes = await store.blob({ hash: reference.hash });
  return bytes === null ? answer : (JSON.parse(Buffer.from(bytes).toString()) as Json);
}
