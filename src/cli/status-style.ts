// The colour of a state or an outcome, the same everywhere.
import type { Paint, Palette } from "./ansi.ts";

/** Colours a cell that holds a status, perhaps filled up with spaces. */
export function styleStatus(cell: string, colors: Palette): string {
  return statusPaint(cell.trim(), colors)(cell);
}

export function statusPaint(status: string, colors: Palette): Paint {
  switch (status) {
    case "success":
    case "ok":
      return colors.green;
    case "failed":
    case "fail":
    case "recovery_failed":
      return colors.red;
    case "timeout":
    case "retrying":
    case "warn":
      return colors.yellow;
    case "running":
    case "open":
      return colors.cyan;
    default:
      return colors.dim;
  }
}
