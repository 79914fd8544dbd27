// What waits on its way to servers elsewhere, and what they would not have: read from the store, by any process.
import type { StreamId } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import type { Page, Store, StoredHead } from "../store/port.ts";
import type { Errand } from "./errand.ts";
import { PARKED_LABEL, type ParkedTile } from "./outbox-stream.ts";
import { TILES } from "./tile-errand.ts";

export interface WaitingSession {
  readonly session: StreamId;
  readonly outbox: StreamId;
  readonly destination: string;
  /** How many wait. */
  readonly waiting: number;
  readonly parked: readonly ParkedTile[];
}

/** Sessions looked at for a count: a metric must not cost more the longer a server is away. */
const COUNTED_MAX = 1_000;

const PAGE = 100;
const EVENTS_PAGE = 1_000;

/**
 * Every session of which something waits or is parked, by default its tiles, the newest first; `limit` of those that may
 * be looked at.
 */
export async function* waitingSessions(
  store: Store,
  {
    errand = TILES,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly errand?: Errand; readonly limit?: number } = {},
): AsyncGenerator<WaitingSession> {
  const { aggregate } = errand;
  let looked = 0;
  for await (const head of outboxHeads(store, errand)) {
    if (++looked > limit) return;
    const { state } = await fold({ aggregate, log: store, stream: head.stream });
    const session = state.session as StreamId;
    const unread = state.status === "open" ? await countAfter(store, errand, session, state.throughSeq) : 0;
    const [waiting, parked] = [unread + state.retrying.size, [...state.parked.values()]];
    if (waiting === 0 && parked.length === 0) continue;
    yield { session, outbox: head.stream, destination: state.destination, waiting, parked };
  }
}

/** How many wait in a store, by default tiles, counted in its thousand newest sessions. */
export async function countWaiting(store: Store, errand: Errand = TILES): Promise<number> {
  let items = 0;
  for await (const { waiting } of waitingSessions(store, { errand, limit: COUNTED_MAX })) items += waiting;
  return items;
}

/** Those that wait, then those that do not but have something parked. */
async function* outboxHeads(store: Store, { kind, labels }: Errand): AsyncGenerator<StoredHead> {
  const filters = [
    { kind, status: "waiting", labels },
    { kind, status: "done", labels: [...labels, PARKED_LABEL] },
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

async function countAfter(store: Store, errand: Errand, session: StreamId, seq: number): Promise<number> {
  let items = 0;
  for (let afterSeq = seq; ;) {
    const page = await store.read({ stream: session, afterSeq, limit: EVENTS_PAGE });
    items += page.filter(({ event }) => errand.titleOf(event) !== null).length;
    const last = page.at(-1);
    if (last === undefined || page.length < EVENTS_PAGE) return items;
    afterSeq = last.event.seq;
  }
}
