// Text from tasks and stores, made safe for a terminal: it can neither move the cursor nor turn the reading
// direction, and its width on the screen is known.
import { stripVTControlCharacters } from "node:util";

/** Escape sequences, control, format and private characters are left out; a line break or tab becomes a space. */
export function printable(text: string): string {
  // Lone surrogates first, so that what is left is text for every terminal.
  return stripVTControlCharacters(text.toWellFormed())
    .replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, "");
}

/** How many cells of a terminal printable text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Printable text of at most `width` cells; what was cut off is shown by `…`. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Printable text in lines of at most `width` cells, broken between words, and within one only when it is wider. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  const add = (piece: string, gap: string): void => {
    if (line !== "" && widthOf(line + gap + piece) > width) {
      lines.push(line);
      line = piece;
    } else line += (line === "" ? "" : gap) + piece;
  };
  for (const word of text.split(" ")) {
    if (widthOf(word) <= width) add(word, " ");
    else
      for (const [at, { segment }] of [...graphemes.segment(word)].entries())
        add(segment, at === 0 ? " " : "");
  }
  return [...lines, line];
}

/** Cut, and filled up with spaces on the right. */
export function fit(text: string, width: number): string {
  const shown = cut(text, width);
  return shown + " ".repeat(Math.max(0, width - widthOf(shown)));
}

const ASCII = /^[ -~]*$/;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Characters of two cells, coarsely: East Asian Wide and Fullwidth of Unicode's EastAsianWidth.txt. */
const WIDE =
  /[\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{20000}-\u{3FFFD}]/u;

function graphemeWidth(segment: string): number {
  if (WIDE.test(segment) || /\p{Emoji_Presentation}|\uFE0F/u.test(segment)) return 2;
  return /^\p{M}+$/u.test(segment) ? 0 : 1;
}
