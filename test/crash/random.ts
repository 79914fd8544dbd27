// Chance from a seed, so that a run can be repeated: Mulberry32.

export type Random = () => number;

/** Numbers from 0 up to, not including, 1. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 up to, not including, `below`. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** One of a list that is not empty. */
export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError("There is nothing to choose from.");
  return item;
}

export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
