// Ids as small integers: an id keeps its number while it is here, and numbers given back are used again.
import type { ShardedMap } from "./sharded-map.ts";

export class IdMap {
  private readonly numbers: Map<string, number> | ShardedMap<number>;
  private readonly names: (string | undefined)[] = [];
  private readonly freed: number[] = [];

  /** Ids that come and go are best in a `ShardedMap`; a `Map` keeps the order in which they came. */
  constructor(numbers: Map<string, number> | ShardedMap<number> = new Map<string, number>()) {
    this.numbers = numbers;
  }

  get size(): number {
    return this.numbers.size;
  }

  /** The number of an id, or undefined. */
  find(id: string): number | undefined {
    return this.numbers.get(id);
  }

  /** The id of a number in use; the empty string for a number that is not. */
  name(number: number): string {
    return this.names[number] ?? "";
  }

  /** Gives an id that is not here a number. */
  add(id: string): number {
    const number = this.freed.pop() ?? this.names.length;
    this.numbers.set(id, number);
    this.names[number] = id;
    return number;
  }

  /** Lets an id go; its number may come back for another. */
  remove(id: string): void {
    const number = this.numbers.get(id);
    if (number === undefined) return;
    this.numbers.delete(id);
    this.names[number] = undefined;
    this.freed.push(number);
  }

  ids(): Iterator<string> & Iterable<string> {
    return this.numbers.keys();
  }

  inUse(): Iterable<number> {
    return this.numbers.values();
  }
}
