// What a process that will be killed tells the one that watches it: a line of JSON for each append that it is about
// to make, for what became of it, and for each change that a caller of a session was promised. A line is written by
// one synchronous write, so it is out before the next thing can happen.
import { writeSync } from "node:fs";

export type Line =
  /** An append is about to be made. */
  | {
      readonly kind: "try";
      readonly id: string;
      readonly stream: string;
      readonly afterSeq: number;
      readonly hashes: readonly string[];
      readonly keys: readonly (readonly [key: string, seq: number])[];
    }
  /** The store has answered that append number `id` is durable. */
  | { readonly kind: "appended"; readonly id: string }
  /** A promise of a session has been kept. `op` names the operation that the event must carry. */
  | {
      readonly kind: "acknowledged";
      readonly stream: string;
      readonly type: string;
      readonly task: string | null;
      readonly op: string | null;
    }
  | { readonly kind: "blob"; readonly hash: string }
  /** A failpoint is reached: nothing follows. */
  | { readonly kind: "point"; readonly name: string };

export type Tell = (line: Line) => void;

export function tellTo(fd: number): Tell {
  return (line) => {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  };
}

/** The lines of a text; one that was cut off was never said. */
export function linesOf(text: string): readonly Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}
