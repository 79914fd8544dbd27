// All agents of a fleet as one list, however many: written out in parts, as fast as they are read.
import { setImmediate as turn } from "node:timers/promises";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { agentView } from "../../fleet/fleet-view.ts";

const PART = 1_000;

/** Those registered when it began; who is gone when its turn comes is left out. */
export function streamAgents(state: FleetState): ReadableStream<Uint8Array> {
  const parts = writeParts(state, [...state.selection.ids()]);
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return(undefined);
      },
    },
    // Nothing is written ahead of the reader.
    { highWaterMark: 0 },
  );
}

async function* writeParts(state: FleetState, ids: readonly string[]): AsyncGenerator<Uint8Array, undefined> {
  let before = "[";
  for (let from = 0; from < ids.length; from += PART) {
    const here = ids.slice(from, from + PART).filter((id) => state.selection.has(id));
    if (here.length === 0) continue;
    yield Buffer.from(before + here.map((id) => JSON.stringify(agentView(state, id))).join(","));
    before = ",";
    await turn();
  }
  yield Buffer.from(before === "[" ? "[]" : "]");
}
