// Colour on a terminal: when to use it, and a small palette.
import type { Output } from "./io.ts";

export type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const PLAIN: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

const COLORED: Palette = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
};

export function palette(isColored: boolean): Palette {
  return isColored ? COLORED : PLAIN;
}

/** FORCE_COLOR decides, then NO_COLOR (https://no-color.org), then whether it is a terminal that knows colours. */
export function wantsColor(
  { isTTY }: Pick<Output, "isTTY">,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  return isTTY === true && env["TERM"] !== "dumb";
}

function paint(on: number, off: number): Paint {
  return (text) => (text === "" ? "" : `\u001B[${on}m${text}\u001B[${off}m`);
}

function same(text: string): string {
  return text;
}
