// Cedar's literals. It knows whole numbers alone and no null: numbers are scaled by a power of ten, null is the empty
// record. Written after the Cedar policy grammar, https://docs.cedarpolicy.com/policies/syntax-grammar.html.
import { HolodeckError } from "../event/error.ts";
import type { Scalar } from "./operator.ts";

/** Digits behind the point that survive the export: with three, a moment in milliseconds still fits. */
export const CEDAR_DECIMALS = 3;

export function cedarString(text: string): string {
  return `"${escaped(text)}"`;
}

/** A pattern of `like`: the pieces with any run of characters between them. */
export function cedarPattern(pieces: readonly string[]): string {
  return `"${pieces.map((piece) => escaped(piece).replaceAll("*", String.raw`\*`)).join("*")}"`;
}

export function cedarLiteral(value: Scalar): string {
  if (value === null) return "{}";
  if (typeof value === "number") return literalNumber(value);
  return typeof value === "string" ? cedarString(value) : String(value);
}

export function cedarSet(values: readonly Scalar[]): string {
  return `[${values.map(cedarLiteral).join(", ")}]`;
}

/** The number times ten to the power of `decimals`; null when that is no whole number or too large: rounding would move the bounds of conditions. */
export function cedarLong(value: number, decimals: number): number | null {
  const scale = 10 ** decimals;
  const long = Math.round(value * scale);
  return Number.isSafeInteger(long) && long / scale === value ? long : null;
}

function literalNumber(value: number): string {
  const long = cedarLong(value, CEDAR_DECIMALS);
  if (long !== null) return String(long);
  throw new HolodeckError("unsupported", {
    what: `${value} cannot be written in Cedar, which has whole numbers alone.`,
    todo: `Use at most ${CEDAR_DECIMALS} digits behind the point, and no more than ${Number.MAX_SAFE_INTEGER / 10 ** CEDAR_DECIMALS}.`,
  });
}

function escaped(text: string): string {
  return text.replaceAll(/["\\]|\p{C}|[\p{Z}--[ ]]/gv, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
