// A Lua script as Redis knows it, by its hash.
import { createHash } from "node:crypto";

/** A Lua script, run whole: nothing comes between its commands. */
export interface Script {
  readonly text: string;
  readonly hash: string;
}

export function script(text: string): Script {
  return { text, hash: createHash("sha1").update(text).digest("hex") };
}
