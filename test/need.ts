// Whether a program that a test needs is installed. Skips are visible here; with CI=true they are failures.
import { spawnSync } from "node:child_process";

/** True when the program is there; with CI=true a missing one is an error. */
export function need(name: string): boolean {
  const isThere = spawnSync("sh", ["-c", 'command -v "$1"', "sh", name]).status === 0;
  if (!isThere && process.env["CI"] === "true") throw new Error(`${name} must be installed when CI=true.`);
  return isThere;
}
