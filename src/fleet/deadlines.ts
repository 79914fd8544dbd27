// What falls due when: one deadline an id, moved or cleared in O(log n), the earliest at hand.
import { NONE } from "./edge-index.ts";
import { IdMap } from "./id-map.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { IntVector } from "./int-vector.ts";
import { ShardedMap } from "./sharded-map.ts";

export class Deadlines {
  private readonly ids = new IdMap(new ShardedMap());
  private readonly times: number[] = [];
  private readonly heap = new IndexedHeap(new IntVector(NONE), (a, b) => this.time(a) < this.time(b));

  /** Sets or moves the deadline of an id, in milliseconds since the epoch. */
  set(id: string, time: number): void {
    const known = this.ids.find(id);
    const number = known ?? this.ids.add(id);
    this.times[number] = time;
    if (known === undefined) this.heap.add(number);
    else this.heap.moved(number);
  }

  /** Forgets the deadline of an id, if it has one. */
  clear(id: string): void {
    const number = this.ids.find(id);
    if (number === undefined) return;
    this.heap.remove(number);
    this.ids.remove(id);
  }

  /** The deadline of an id; null when it has none. */
  of(id: string): number | null {
    const number = this.ids.find(id);
    return number === undefined ? null : this.time(number);
  }

  /** The earliest deadline; null when there is none. */
  next(): number | null {
    return this.heap.size === 0 ? null : this.time(this.heap.at(0));
  }

  /** At most `limit` ids that are due at `now`, by time and id; the earliest is among them. */
  due(now: number, limit: number): string[] {
    const found: number[] = [];
    const open = [0];
    for (let place = open.pop(); place !== undefined && found.length < limit; place = open.pop()) {
      const number = this.heap.at(place);
      if (number === NONE || this.time(number) > now) continue;
      found.push(number);
      open.push(2 * place + 2, 2 * place + 1);
    }
    const ids = found.map((number) => ({ id: this.ids.name(number), time: this.time(number) }));
    return ids.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  }

  private time(number: number): number {
    return this.times[number] ?? Number.POSITIVE_INFINITY;
  }
}
