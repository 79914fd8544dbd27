// Tests that use a part of the system say so: `test.skipIf(!need("strace"))("…", …)`.
// A missing part is a visible skip on a developer's machine and a failure under CI=true. The table of parts, and
// what installs them before `npm test`, is in scripts/setup/system.js.
import { pathOf, SYSTEM_PARTS } from "../scripts/setup/system.js";

/** Whether a part is there. Throws under CI=true when it is not, and always for a name the table does not know. */
export function need(name: string): boolean {
  const part = partNamed(name);
  if (pathOf(part) !== null) return true;
  if (process.env["CI"] === "true") {
    throw new Error(
      `${name} is missing (${part.purpose}). Install the package ${part.debian}: with CI=true nothing is skipped.`,
    );
  }
  return false;
}

/** Where a part's command is. Throws when it is not there. */
export function commandOf(name: string): string {
  const path = pathOf(partNamed(name));
  if (path === null) throw new Error(`${name} is missing.`);
  return path;
}

function partNamed(name: string) {
  const part = SYSTEM_PARTS.find((one) => one.name === name);
  if (part === undefined) throw new Error(`${name} is not in the table. Add it in scripts/setup/system.js.`);
  return part;
}
