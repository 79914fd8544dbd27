// The store that the configuration file names, for commands that nobody told another: what `up` serves, they show.
import { existsSync } from "node:fs";
import type { Io } from "./io.ts";

/** Undefined where nothing but the default names a store. Looks at the file system once, and loads nothing unless there is a file. */
export async function configuredStore(io: Io): Promise<string | undefined> {
  const { HOLODECK_STORE, HOLODECK_HOME, HOLODECK_CONFIG } = io.env;
  if (HOLODECK_STORE || HOLODECK_HOME) return undefined;
  if (!HOLODECK_CONFIG && !existsSync("holodeck.yaml")) return undefined;
  const { loadSettings } = await import("./settings.ts");
  const { settings, sources } = loadSettings({}, io);
  return sources.store === "file" ? settings.store : undefined;
}
