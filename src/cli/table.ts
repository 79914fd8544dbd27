// Rows in columns, each as wide as its widest cell; the last one is not filled up.
import type { Palette } from "./ansi.ts";
import { fit, printable, widthOf } from "./printable.ts";

/** Lines of a table: the headings, then the rows. Cells are made printable; `style` colours whole cells. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { dim }: Pick<Palette, "dim">,
  style: (cell: string, column: number) => string = (cell) => cell,
): readonly string[] {
  const cells = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...cells.map((row) => widthOf(row[column] ?? ""))),
  );
  const lastColumn = headings.length - 1;
  const padded = (row: readonly string[]): readonly string[] =>
    row.map((cell, column) => (column === lastColumn ? cell : fit(cell, widths[column] ?? 0)));
  return [
    dim(padded(headings).join("  ")),
    ...cells.map((row) =>
      padded(row)
        .map((cell, column) => style(cell, column))
        .join("  ")
        .trimEnd(),
    ),
  ];
}
