// Gives whoever else has work their turn: reading a large state is long, and nothing else would run meanwhile.
import { setImmediate } from "node:timers/promises";

export async function turn(): Promise<void> {
  await setImmediate();
}
