// Files a command writes for others.
import { accessSync, constants, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { HolodeckError } from "../event/error.ts";

/** Before the work whose outcome is to be written. Throws `invalid_argument` when it could not be. */
export function checkOutputFile(path: string): void {
  tryTo(path, () => {
    const target = targetOf(path);
    accessSync(target.isReplaced ? dirname(target.path) : target.path, constants.W_OK);
  });
}

/**
 * Whoever reads the file meanwhile sees the old one or the new one, whole. What is there and no file, a pipe or a
 * device, is written to as it is; a link stays one. Throws `invalid_argument`.
 */
export function writeOutputFile(path: string, text: string): void {
  tryTo(path, () => {
    const target = targetOf(path);
    if (!target.isReplaced) {
      writeFileSync(target.path, text);
      return;
    }
    const draft = `${target.path}.${process.pid}.part`;
    writeFileSync(draft, text);
    renameSync(draft, target.path);
  });
}

function targetOf(path: string): { readonly path: string; readonly isReplaced: boolean } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, isReplaced: true };
  return { path: realpathSync(path), isReplaced: found.isFile() };
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
