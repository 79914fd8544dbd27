// Patterns with `*` for any run of characters, matched in time linear in the text: each piece between two stars is
// found with its Knuth–Morris–Pratt table (SIAM J. Comput. 6, 1977), and the first place it fits is the best one.
import { checkText, invalid } from "./input.ts";

/** A pattern taken apart: literal pieces, with any run of characters between neighbours. */
export interface Glob {
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly text: string;
  /** For each index: the length of the longest proper prefix that ends there. */
  readonly fallback: readonly number[];
}

const GLOB_LENGTH_MAX = 256;

/** What other globs give a meaning to; unescaped they would be misread. */
const RESERVED = "?[]{}";

/**
 * `*` stands for any run of characters, dots and slashes too; `\` takes the next character as it is. `?`, brackets
 * and braces must be escaped. Throws `invalid_argument`.
 */
export function parseGlob(value: unknown, path: string): Glob {
  const pattern = checkText(value, path, GLOB_LENGTH_MAX);
  const texts = [""];
  for (let index = 0; index < pattern.length; index++) {
    let unit = pattern.charAt(index);
    if (unit === "*") {
      texts.push("");
      continue;
    }
    if (RESERVED.includes(unit))
      throw invalid(path, pattern, `Write ${unit} as \\${unit}; \`*\` alone matches.`);
    if (unit === "\\") unit = pattern.charAt(++index);
    if (unit === "") throw invalid(path, pattern, "Write a backslash at the end as two.");
    texts[texts.length - 1] += unit;
  }
  return { pieces: texts.map((text) => ({ text, fallback: fallbackOf(text) })) };
}

/** Whether the whole text matches. Case counts. */
export function matchesGlob({ pieces }: Glob, text: string): boolean {
  const first = pieces[0]?.text ?? "";
  if (pieces.length === 1) return text === first;
  const last = pieces.at(-1)?.text ?? "";
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index];
    if (piece === undefined) continue;
    from = endOfPiece(piece, text, from, end);
    if (from < 0) return false;
  }
  return true;
}

/** The index behind the first place of the piece in `text[from, end)`; -1 when it is not there. */
function endOfPiece({ text: wanted, fallback }: Piece, text: string, from: number, end: number): number {
  let matched = 0;
  for (let index = from; matched < wanted.length; index++) {
    if (index >= end) return -1;
    const unit = text.charCodeAt(index);
    while (matched > 0 && wanted.charCodeAt(matched) !== unit) matched = fallback[matched - 1] ?? 0;
    if (wanted.charCodeAt(matched) === unit) matched++;
    if (matched === wanted.length) return index + 1;
  }
  return from;
}

function fallbackOf(text: string): readonly number[] {
  const fallback = [0];
  let matched = 0;
  for (let index = 1; index < text.length; index++) {
    while (matched > 0 && text.charCodeAt(index) !== text.charCodeAt(matched)) {
      matched = fallback[matched - 1] ?? 0;
    }
    if (text.charCodeAt(index) === text.charCodeAt(matched)) matched++;
    fallback.push(matched);
  }
  return fallback;
}
