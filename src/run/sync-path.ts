// Durable, as the file system understands it.
import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a file's bytes, or a folder's names, durable. */
export function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
