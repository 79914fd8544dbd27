// Output of tasks as it comes, in pieces, put together into lines.
import { printable } from "./printable.ts";

/** A longer line is cut here: a task that never ends a line must not fill the memory. */
const LINE_LENGTH_MAX = 4_096;

/** Puts the pieces of one task's output together. */
export class OutputLines {
  /** The line that has not ended yet. */
  #open = "";
  #last = "";

  /** Answers the lines that ended with this piece. A carriage return writes a line over, as progress bars do. */
  push(text: string): readonly string[] {
    const parts = (this.#open + text).replaceAll("\r\n", "\n").split("\n");
    // A `\r` at the very end may be the first half of a line break.
    this.#open = (parts.pop() ?? "").slice(-LINE_LENGTH_MAX);
    const lines = parts.map((part) => shownOf(part).slice(0, LINE_LENGTH_MAX));
    this.#last = [...lines, shownOf(this.#open)].findLast(isSomething) ?? this.#last;
    return lines;
  }

  /** The line that never ended; null when there is none. */
  end(): string | null {
    const rest = shownOf(this.#open);
    this.#open = "";
    return rest === "" ? null : rest;
  }

  /** The newest line with something in it, ended or not. */
  get last(): string {
    return this.#last;
  }
}

/** What is left to see of a line that was written over. */
function shownOf(line: string): string {
  return line.replace(/\r$/, "").split("\r").at(-1) ?? "";
}

function isSomething(line: string): boolean {
  return printable(line).trim() !== "";
}
