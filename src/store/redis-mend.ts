// Redis writes what a script did as MULTI … EXEC to its log. A server that died while it wrote one cuts the log behind
// the last whole command when it starts, not before the MULTI: what is written next then belongs, at the start after
// that, to a transaction that had been dropped (its maintainers' own tests for it: valkey-io/valkey#4342). Acknowledged
// events would be replaced. So a server that has been started is made to write its log anew before anything is changed.
// Which it has been is remembered by a script it holds: scripts live exactly as long as the server runs.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { HolodeckError } from "../event/error.ts";
import { script } from "./redis-script.ts";

const MARK = script("return 'holodeck: the log of this server is whole'");

const PAUSE_MS = 20;

/** Does nothing for a server that keeps no log, or that refuses to start on a torn one. */
export async function mendLog(node: Redis, name: string): Promise<void> {
  const [isMarked] = (await node.script("EXISTS", MARK.hash)) as readonly number[];
  if (isMarked === 1) return;
  if (await mayBeTorn(node)) await writeAnew(node, name);
  await node.script("LOAD", MARK.text);
}

/** A server that does not show its settings cannot be mended either; opening a store there says that it may lose. */
async function mayBeTorn(node: Redis): Promise<boolean> {
  try {
    const log = await node.config("GET", "appendonly");
    const truncated = await node.config("GET", "aof-load-truncated");
    return Array.isArray(log) && log[1] === "yes" && Array.isArray(truncated) && truncated[1] === "yes";
  } catch (cause) {
    if (cause instanceof Error && /^(NOPERM|ERR unknown command)/.test(cause.message)) return false;
    throw cause;
  }
}

async function writeAnew(node: Redis, name: string): Promise<void> {
  try {
    await node.bgrewriteaof();
  } catch (cause) {
    // One that is under way was begun by this server, and does as well.
    if (!(cause instanceof Error && cause.message.includes("already in progress"))) throw cause;
  }
  for (;;) {
    const state = await node.info("persistence");
    if (/aof_rewrite_in_progress:0\s/.test(state) && /aof_rewrite_scheduled:0\s/.test(state)) {
      if (/aof_last_bgrewrite_status:ok/.test(state)) return;
      throw new HolodeckError("store_io", {
        what: `The server of the store ${name} could not write its log anew after its start (BGREWRITEAOF).`,
        todo: "Look at the server's log: it needs memory and disk for that. Nothing has been changed.",
      });
    }
    await sleep(PAUSE_MS);
  }
}
