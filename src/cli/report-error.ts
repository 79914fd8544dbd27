// How an error reaches the person or the program that called: a line on stderr, with `--json` also as JSON, and an
// exit code. Stack traces only with HOLODECK_DEBUG=1.
import { HolodeckError, together } from "../event/error.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { pasteable } from "./hint.ts";
import { note, type Io } from "./io.ts";
import { printable } from "./printable.ts";

/** What an error says, whatever threw it. */
export interface ErrorReport {
  readonly code: string;
  readonly what: string;
  readonly todo: string;
}

/** Writes an error to stderr and answers the exit code it stands for. */
export function reportError(error: unknown, io: Io, isJson: boolean): number {
  writeReport(reportOf(error), io, isJson);
  if (io.env["HOLODECK_DEBUG"] === "1") writeStacks(error, io);
  return error instanceof HolodeckError ? exitCodeOf(error.code) : EXIT.failed;
}

export function writeReport(report: ErrorReport, io: Io, isJson: boolean): void {
  const { code } = report;
  const [what, todo] = [pasteable(io, report.what), pasteable(io, report.todo)];
  // A plan's faults stand on lines of their own; nothing else may move the cursor.
  const lines = together({ what, todo })
    .split("\n")
    .map((line) => printable(line).trimEnd());
  note(io, `holodeck: ${lines.join("\n")}`);
  if (isJson) note(io, JSON.stringify({ error: { code, what, todo } }));
}

function reportOf(error: unknown): ErrorReport {
  if (error instanceof HolodeckError) return { code: error.code, what: error.what, todo: error.todo };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    what: `Something went wrong that should not: ${message.replace(/[.\s]*$/, ".")}`,
    todo: "Set HOLODECK_DEBUG=1 to see where, and report it.",
  };
}

function writeStacks(error: unknown, io: Io): void {
  for (let one = error; one instanceof Error; one = one.cause) note(io, one.stack ?? one.message);
}
