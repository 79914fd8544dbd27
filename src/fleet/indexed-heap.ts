// A binary heap of small integers that knows where each stands, so that one whose key has changed is moved in
// O(log n). The owner gives the order and, so that many heaps of the same items share one row, the places.
import { NONE } from "./edge-index.ts";

/** Where each item stands; NONE for one that is nowhere. An IntVector with blank NONE serves, or SparsePlaces. */
export interface Places {
  at(item: number): number;
  set(item: number, place: number): void;
}

/** Places for few items out of many. */
export class SparsePlaces implements Places {
  private readonly held = new Map<number, number>();

  at(item: number): number {
    return this.held.get(item) ?? NONE;
  }

  set(item: number, place: number): void {
    if (place === NONE) this.held.delete(item);
    else this.held.set(item, place);
  }
}

export class IndexedHeap {
  private readonly items: number[] = [];
  private readonly places: Places;
  private readonly before: (a: number, b: number) => boolean;

  constructor(places: Places, before: (a: number, b: number) => boolean) {
    this.places = places;
    this.before = before;
  }

  get size(): number {
    return this.items.length;
  }

  /** The item at a place of the heap (0 is the least, the children of p are 2p + 1 and 2p + 2); NONE past its end. */
  at(place: number): number {
    return this.items[place] ?? NONE;
  }

  has(item: number): boolean {
    return this.places.at(item) !== NONE;
  }

  /** Adds an item that is not here. */
  add(item: number): void {
    this.put(this.items.length, item);
    this.rise(this.items.length - 1);
  }

  /** Takes in many at once, in O(n): nobody is here yet. */
  fill(items: readonly number[]): void {
    for (const item of items) this.put(this.items.length, item);
    for (let place = (this.items.length >> 1) - 1; place >= 0; place--) this.sink(place);
  }

  /** Puts an item whose key has changed where it belongs. */
  moved(item: number): void {
    const place = this.places.at(item);
    this.rise(place);
    this.sink(this.places.at(item));
  }

  /** Takes out an item that is here. Its key may have changed since. */
  remove(item: number): void {
    const place = this.places.at(item);
    const last = this.items.pop() ?? NONE;
    this.places.set(item, NONE);
    if (last === item) return;
    this.put(place, last);
    this.moved(last);
  }

  private rise(start: number): void {
    const item = this.at(start);
    let place = start;
    while (place > 0) {
      const up = (place - 1) >> 1;
      if (!this.before(item, this.at(up))) break;
      this.put(place, this.at(up));
      place = up;
    }
    this.put(place, item);
  }

  private sink(start: number): void {
    const item = this.at(start);
    let place = start;
    for (;;) {
      let down = 2 * place + 1;
      if (down >= this.items.length) break;
      if (down + 1 < this.items.length && this.before(this.at(down + 1), this.at(down))) down++;
      if (!this.before(this.at(down), item)) break;
      this.put(place, this.at(down));
      place = down;
    }
    this.put(place, item);
  }

  private put(place: number, item: number): void {
    this.items[place] = item;
    this.places.set(item, place);
  }
}
