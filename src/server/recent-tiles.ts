// The newest tiles of all rooms: read backwards from the log's end, in windows that grow until there are enough.
import { setImmediate as turn } from "node:timers/promises";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { tileOf } from "../tile/tile.ts";

const PAGE = 500;

/** Newest first, at most `limit`. */
export async function recentTiles(store: Store, limit: number): Promise<readonly StoredEvent[]> {
  let upper = await store.end();
  let found: readonly StoredEvent[] = [];
  for (let width = 2 * limit; found.length < limit && upper.some((position) => position > 0); width *= 2) {
    const lower = upper.map((position) => Math.max(0, position - width));
    found = newest([...found, ...(await tilesBetween(store, lower, upper, limit))], limit);
    upper = lower;
  }
  return found;
}

async function tilesBetween(
  store: Store,
  lower: TailPlace,
  upper: TailPlace,
  limit: number,
): Promise<readonly StoredEvent[]> {
  let found: readonly StoredEvent[] = [];
  let place = lower;
  while (place.some((position, partition) => position < (upper[partition] ?? 0))) {
    const page = await store.tail({ after: place, limit: PAGE });
    if (page.events.length === 0) break;
    found = newest([...found, ...page.events.filter(({ event }) => tileOf(event) !== null)], limit);
    place = page.place;
    await turn();
  }
  return found;
}

/** A window can end within a page, and then the next one sees some of it again. */
function newest(events: readonly StoredEvent[], limit: number): readonly StoredEvent[] {
  const distinct = new Map(events.map((stored) => [stored.hash, stored]));
  return [...distinct.values()].sort(byTimeDown).slice(0, limit);
}

/** Within a millisecond, as the log has it. */
export function byTimeDown(a: StoredEvent, b: StoredEvent): number {
  return b.event.at - a.event.at || b.position - a.position;
}
