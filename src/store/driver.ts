// Drivers are optional: loaded when a store of their kind is opened, and named when they are missing.
import { HolodeckError } from "../event/error.ts";

/** What `load` imports. Throws `unsupported` when the package is not installed. */
export async function loadDriver<Driver>(name: string, load: () => Promise<Driver>): Promise<Driver> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, name)) throw cause;
    throw new HolodeckError("unsupported", {
      what: `A store of this kind needs the package ${name}, which is not installed.`,
      todo: `Install it beside Holodeck: \`npm install ${name}\`.`,
      cause,
    });
  }
}

function isMissing(cause: unknown, name: string): boolean {
  return (
    cause instanceof Error &&
    "code" in cause &&
    cause.code === "ERR_MODULE_NOT_FOUND" &&
    cause.message.includes(`'${name}'`)
  );
}
