// Waiting that someone awaits: the clock's own sleeps keep no process alive, and a process that leaves in the midst of
// it would answer nobody.
import type { Clock } from "../event/clock.ts";

/** What the work comes to. Until it is done the process has something to live for. */
export async function held<Value>(clock: Clock, work: () => Promise<Value>): Promise<Value> {
  const letGo = clock.hold?.();
  try {
    return await work();
  } finally {
    letGo?.();
  }
}
