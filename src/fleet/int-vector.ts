// A growable row of 32-bit integers: a typed array that lengthens when written past its end.
// Reading past the end gives the blank value, so structures that share an index need not grow together.

const CAPACITY_MIN = 16;

export class IntVector {
  private readonly blank: number;
  private cells: Int32Array;

  constructor(blank = 0) {
    this.blank = blank;
    this.cells = new Int32Array(CAPACITY_MIN).fill(blank);
  }

  at(index: number): number {
    return this.cells[index] ?? this.blank;
  }

  set(index: number, value: number): void {
    if (index >= this.cells.length) this.grow(index + 1);
    this.cells[index] = value;
  }

  add(index: number, change: number): void {
    this.set(index, this.at(index) + change);
  }

  /** Makes room for so many in all. */
  reserve(length: number): void {
    if (length > this.cells.length) this.grow(length);
  }

  private grow(length: number): void {
    const old = this.cells;
    this.cells = new Int32Array(Math.max(length, old.length + (old.length >> 1)));
    this.cells.set(old);
    if (this.blank !== 0) this.cells.fill(this.blank, old.length);
  }
}
