// Draws frames over each other on a terminal, and gives it back as it was: cursor shown, the last frame left standing.
import { stripVTControlCharacters } from "node:util";
import type { Output } from "./io.ts";
import { widthOf } from "./printable.ts";

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR_TO_LINE_END = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";

export class Painter {
  readonly #out: Output;
  #painted: readonly string[] = [];
  #isSuspended = false;
  readonly #giveBack = (): void => void this.#out.write(SHOW_CURSOR);

  constructor(out: Output) {
    this.#out = out;
    out.write(HIDE_CURSOR);
    // However the process ends, as long as it can still do something.
    process.once("exit", this.#giveBack);
  }

  /** Draws lines, coloured or not, over the ones drawn before. */
  paint(lines: readonly string[]): void {
    if (this.#isSuspended) return;
    if (lines.length === this.#painted.length && lines.every((line, at) => line === this.#painted[at]))
      return;
    const body = lines.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("");
    this.#out.write(`${this.#toTheTop()}${body}${CLEAR_BELOW}`);
    this.#painted = lines;
  }

  /** Gives the terminal to others until `resume`; what was drawn stays. */
  suspend(): void {
    this.#isSuspended = true;
    this.#giveBack();
  }

  /** The next frame is drawn below what is there. For when the screen was not ours in between. */
  resume(): void {
    this.#isSuspended = false;
    this.#painted = [];
    this.#out.write(HIDE_CURSOR);
  }

  /** Draws the last frame and gives the terminal back. */
  close(lines: readonly string[]): void {
    this.paint(lines);
    this.#giveBack();
    process.off("exit", this.#giveBack);
  }

  /** A terminal that became narrower has broken our lines: they take more rows than they did. */
  #toTheTop(): string {
    const { columns = 80 } = this.#out;
    const rows = this.#painted.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / columns)),
      0,
    );
    return rows === 0 ? "\r" : `\r\u001B[${rows}A`;
  }
}
