// What became of a session's tiles on their way to its PLATO server, as a stream beside the session's:
// `outbox:<session id>`. All up to `throughSeq` of the session's stream is delivered or parked. A fleet's tiles go the
// same way, by `outbox:fleet/<name>`; what is said of sessions here holds for it, but for its end, which it has not.
// Posts to webhooks are kept in the same way under names of their own (webhook/post-stream.ts).
import type { Aggregate, Decision, Happened, Timed } from "../event/decider.ts";
import { streamId, streamKey, streamKind, type Fact, type StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";

/** A tile its server will not have. */
export interface ParkedTile extends JsonObject {
  /** Of its event in the session's stream. */
  readonly seq: number;
  readonly hash: string;
  readonly question: string;
  /** What the server said. */
  readonly reason: string;
  /** The HTTP status; null when the tile was never sent. */
  readonly code: number | null;
}

export interface OutboxState {
  /** `none` before the first event; `closed` once the session has ended and all of it has been gone through. */
  status: "none" | "open" | "closed";
  session: string;
  destination: string;
  createdAt: number;
  /** Of the event of the session's stream that named the destination; 0 for a session's first. */
  namedSeq: number;
  throughSeq: number;
  delivered: number;
  /** By seq. */
  parked: Map<number, ParkedTile>;
  /** Parked tiles that are to be sent once more, by seq. */
  retrying: Map<number, ParkedTile>;
}

export interface OpenOutbox extends Timed {
  readonly type: "open_outbox";
  readonly session: StreamId;
  readonly destination: string;
  /** Tiles of events up to this one are not sent; an outbox that is open already keeps its place. 0 for a session. */
  readonly afterSeq: number;
}

/** What a sender has come to. Parts of it that another sender has recorded already are passed over. */
export interface RecordSent extends Timed {
  readonly type: "record_sent";
  readonly throughSeq: number;
  /** Seqs that were delivered, those of retried tiles included. */
  readonly delivered: readonly number[];
  readonly parked: readonly ParkedTile[];
  /** The session has ended, and `throughSeq` is its last. */
  readonly closed: boolean;
}

/** Parked tiles are to be sent once more. */
export interface RetryParked extends Timed {
  readonly type: "retry_parked";
}

export type OutboxCommand = OpenOutbox | RecordSent | RetryParked;

type Of<Type extends string, Data extends JsonObject> = Fact & { readonly type: Type; readonly data: Data };

export type OutboxFact =
  | Of<
      "outbox_opened",
      { readonly session: string; readonly destination: string; readonly after_seq?: number }
    >
  | Of<"outbox_redirected", { readonly destination: string; readonly after_seq: number }>
  | Of<"tiles_delivered", { readonly through_seq: number; readonly tiles: number }>
  | Of<"tile_parked", ParkedTile>
  | Of<"tiles_retried", { readonly tiles: number }>
  | Of<"tile_delivered_after_retry", { readonly seq: number }>
  | Of<"outbox_closed", { readonly delivered: number; readonly parked: number }>;

export const outboxAggregate: Aggregate<OutboxState, OutboxCommand, OutboxFact> = {
  initial,
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: { version: 1, save, load },
};

/** `outbox:sess_…` of `session:sess_…`, `outbox:fleet/default` of `fleet:default`. */
export function outboxOf(session: StreamId): StreamId {
  const kind = streamKind(session);
  return streamId("outbox", kind === "session" ? streamKey(session) : `${kind}/${streamKey(session)}`);
}

/** By which the heads of a destination's outboxes are found. */
export function destinationLabel(destination: string): string {
  return `to:${destination}`;
}

export const PARKED_LABEL = "parked";

function initial(): OutboxState {
  return {
    status: "none",
    session: "",
    destination: "",
    createdAt: 0,
    namedSeq: 0,
    throughSeq: 0,
    delivered: 0,
    parked: new Map(),
    retrying: new Map(),
  };
}

function decide(state: OutboxState, command: OutboxCommand): Decision<OutboxFact> {
  if (command.type === "open_outbox") {
    const { session, destination, afterSeq } = command;
    const from = afterSeq > 0 ? { after_seq: afterSeq } : {};
    if (state.status === "none") return [fact("outbox_opened", { session, destination, ...from })];
    // Who reads the log late meets destinations that others have come after.
    const isNews = afterSeq > state.namedSeq && destination !== state.destination;
    return isNews ? [fact("outbox_redirected", { destination, after_seq: afterSeq })] : [];
  }
  if (state.status === "none") {
    return { code: "not_found", what: "This outbox was never opened.", todo: "Open it first." };
  }
  if (command.type === "record_sent") return recordSent(state, command);
  return state.parked.size === 0 ? [] : [fact("tiles_retried", { tiles: state.parked.size })];
}

function recordSent(state: OutboxState, command: RecordSent): readonly OutboxFact[] {
  const { throughSeq, delivered, parked, closed } = command;
  const isNew = (seq: number): boolean => seq > state.throughSeq;
  const retried = delivered.filter((seq) => state.retrying.has(seq));
  const refused = parked.filter(({ seq }) => isNew(seq) || state.retrying.has(seq));
  const tiles = delivered.filter((seq) => isNew(seq)).length;
  const moved = isNew(throughSeq) && (tiles > 0 || refused.some(({ seq }) => isNew(seq)));
  const closes = closed && state.status === "open";
  return [
    ...retried.map((seq) => fact("tile_delivered_after_retry", { seq })),
    ...refused.map((one) => fact("tile_parked", one)),
    ...(moved || (closes && isNew(throughSeq))
      ? [fact("tiles_delivered", { through_seq: throughSeq, tiles })]
      : []),
    ...(closes ? [fact("outbox_closed", countsAfter(state, { tiles, retried, refused }))] : []),
  ];
}

function countsAfter(
  state: OutboxState,
  sent: {
    readonly tiles: number;
    readonly retried: readonly number[];
    readonly refused: readonly ParkedTile[];
  },
): { readonly delivered: number; readonly parked: number } {
  const delivered = state.delivered + sent.tiles + sent.retried.length;
  return { delivered, parked: state.parked.size + sent.refused.length };
}

function evolve(state: OutboxState, event: Happened<OutboxFact>): OutboxState {
  switch (event.type) {
    case "outbox_opened":
      state.status = "open";
      state.session = event.data.session;
      state.destination = event.data.destination;
      state.createdAt = event.at;
      state.namedSeq = event.data.after_seq ?? 0;
      state.throughSeq = state.namedSeq;
      break;
    case "outbox_redirected":
      state.destination = event.data.destination;
      state.namedSeq = event.data.after_seq;
      break;
    case "tiles_delivered":
      state.throughSeq = event.data.through_seq;
      state.delivered += event.data.tiles;
      break;
    case "tile_parked":
      state.retrying.delete(event.data.seq);
      state.parked.set(event.data.seq, event.data);
      break;
    case "tiles_retried":
      for (const [seq, tile] of state.parked) state.retrying.set(seq, tile);
      state.parked.clear();
      break;
    case "tile_delivered_after_retry":
      state.retrying.delete(event.data.seq);
      state.delivered += 1;
      break;
    case "outbox_closed":
      state.status = "closed";
      break;
  }
  return state;
}

/** What waits is found by its status, what is parked by its label; a closed outbox costs nobody anything. */
function head(state: OutboxState): Head {
  const waits = state.status === "open" || state.retrying.size > 0;
  const { session, destination, throughSeq, delivered, parked } = state;
  return {
    kind: "outbox",
    status: waits ? "waiting" : "done",
    createdAt: state.createdAt,
    dueAt: null,
    labels: [destinationLabel(destination), ...(parked.size > 0 ? [PARKED_LABEL] : [])],
    summary: { session, destination, through_seq: throughSeq, delivered, parked: parked.size },
  };
}

function fact<Type extends OutboxFact["type"]>(
  type: Type,
  data: Extract<OutboxFact, { readonly type: Type }>["data"],
): OutboxFact {
  return { type, room: null, data } as unknown as OutboxFact;
}

function save(state: OutboxState): Json {
  const { parked, retrying, ...rest } = state;
  return { ...rest, parked: [...parked.values()], retrying: [...retrying.values()] };
}

function load(json: Json): OutboxState {
  const saved = json as unknown as Omit<OutboxState, "parked" | "retrying"> & SavedTiles;
  return { ...saved, parked: bySeq(saved.parked), retrying: bySeq(saved.retrying) };
}

function bySeq(tiles: readonly ParkedTile[]): Map<number, ParkedTile> {
  return new Map(tiles.map((tile) => [tile.seq, tile]));
}

interface SavedTiles {
  readonly parked: readonly ParkedTile[];
  readonly retrying: readonly ParkedTile[];
}
