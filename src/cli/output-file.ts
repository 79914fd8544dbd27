// Files a command writes for others.
import { accessSync, constants, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { HolodeckError } from "../event/error.ts";

/** Before the work whose outcome is to be written. Throws `invalid_argument` when it could not be. */
export function checkOutputFile(path: string): void {
  tryTo(path, () => accessSync(dirname(path), constants.W_OK));
}

/** Whoever reads the file meanwhile sees the old one or the new one, whole. Throws `invalid_argument`. */
export function writeOutputFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}.part`;
  tryTo(path, () => {
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, path);
  });
}

function tryTo(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new HolodeckError("invalid_argument", {
      what: `${path} cannot be written (${why}).`,
      todo: "Name a file in a folder that is there and may be written to.",
      cause,
    });
  }
}
