// A page of a log that has several partitions: every partition gets its share, and events of different partitions
// come in order of their time, as far as the order within each allows.
import type { StoredEvent } from "../event/log.ts";

/** How many events to take of each partition, of `available`, together at most `limit`. */
export function shares(available: readonly number[], limit: number): readonly number[] {
  const taken = available.map(() => 0);
  let left = limit;
  for (;;) {
    const hungry = available.flatMap((count, index) => (count > (taken[index] ?? 0) ? [index] : []));
    if (left === 0 || hungry.length === 0) return taken;
    const each = Math.max(1, Math.floor(left / hungry.length));
    for (const index of hungry) {
      const more = Math.min(each, left, (available[index] ?? 0) - (taken[index] ?? 0));
      taken[index] = (taken[index] ?? 0) + more;
      left -= more;
    }
  }
}

/** Merges the partitions' events by time; each partition keeps its own order. */
export function mergeByTime(partitions: readonly (readonly StoredEvent[])[]): readonly StoredEvent[] {
  const keyed = partitions.flatMap((events, partition) => {
    let time = Number.NEGATIVE_INFINITY;
    // The time so far, so that an earlier time behind a later one stays behind it.
    return events.map((stored) => ({ stored, partition, time: (time = Math.max(time, stored.event.at)) }));
  });
  // The sort is stable, so what is equal keeps its partition's order.
  return keyed.sort((a, b) => a.time - b.time || a.partition - b.partition).map(({ stored }) => stored);
}
