// What waits on its way to PLATO servers, and what they would not have: read from the store, by any process.
import type { StreamId } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import type { Page, Store, StoredHead } from "../store/port.ts";
import { outboxAggregate, PARKED_LABEL, type ParkedTile } from "./outbox-stream.ts";
import { tileOf } from "./tile.ts";

export interface WaitingSession {
  readonly session: StreamId;
  readonly outbox: StreamId;
  readonly destination: string;
  /** How many of its tiles wait. */
  readonly waiting: number;
  readonly parked: readonly ParkedTile[];
}

/** Sessions looked at for a count: a metric must not cost more the longer a server is away. */
const COUNTED_MAX = 1_000;

const PAGE = 100;
const EVENTS_PAGE = 1_000;

/** Every session some of whose tiles wait or are parked, the newest first; `limit` of those that may be looked at. */
export async function* waitingSessions(
  store: Store,
  { limit = Number.POSITIVE_INFINITY }: { readonly limit?: number } = {},
): AsyncGenerator<WaitingSession> {
  let looked = 0;
  for await (const head of outboxHeads(store)) {
    if (++looked > limit) return;
    const { state } = await fold({ aggregate: outboxAggregate, log: store, stream: head.stream });
    const session = state.session as StreamId;
    const unread = state.status === "open" ? await tilesAfter(store, session, state.throughSeq) : 0;
    const [waiting, parked] = [unread + state.retrying.size, [...state.parked.values()]];
    if (waiting === 0 && parked.length === 0) continue;
    yield { session, outbox: head.stream, destination: state.destination, waiting, parked };
  }
}

/** How many tiles wait in a store, counted in its thousand newest sessions. */
export async function countWaiting(store: Store): Promise<number> {
  let tiles = 0;
  for await (const { waiting } of waitingSessions(store, { limit: COUNTED_MAX })) tiles += waiting;
  return tiles;
}

/** Those that wait, then those that do not but have parked tiles. */
async function* outboxHeads(store: Store): AsyncGenerator<StoredHead> {
  const filters = [
    { kind: "outbox", status: "waiting" },
    { kind: "outbox", status: "done", labels: [PARKED_LABEL] },
  ];
  for (const filter of filters) {
    for (let after: string | null = ""; after !== null;) {
      const page: Page<StoredHead> = await store.heads({
        filter,
        page: { limit: PAGE, ...(after !== "" && { after }) },
      });
      yield* page.items;
      after = page.next;
    }
  }
}

async function tilesAfter(store: Store, session: StreamId, seq: number): Promise<number> {
  let tiles = 0;
  for (let afterSeq = seq; ;) {
    const page = await store.read({ stream: session, afterSeq, limit: EVENTS_PAGE });
    tiles += page.filter(({ event }) => tileOf(event) !== null).length;
    const last = page.at(-1);
    if (last === undefined || page.length < EVENTS_PAGE) return tiles;
    afterSeq = last.event.seq;
  }
}
