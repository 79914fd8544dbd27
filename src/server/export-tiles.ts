// All tiles as lines of JSON, in log order, read only as fast as they are taken: a page is in memory at once.
import { setImmediate as turn } from "node:timers/promises";
import type { Store } from "../store/port.ts";
import { seesRoom, type Principal } from "./principal.ts";
import { viewTiles } from "./tile-view.ts";

/** Tiles can be 64 KiB each. */
const PAGE = 32;

/** Of the rooms that are seen. Ends with what was there when it began. */
export function exportTiles(store: Store, principal: Principal): ReadableStream<Uint8Array> {
  const chunks = readChunks(store, principal);
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return(undefined);
      },
    },
    // Nothing is read ahead of the reader.
    { highWaterMark: 0 },
  );
}

async function* readChunks(store: Store, principal: Principal): AsyncGenerator<Uint8Array, undefined> {
  const end = await store.end();
  let place = end.map(() => 0);
  while (place.some((position, partition) => position < (end[partition] ?? 0))) {
    const page = await store.tail({ after: place, limit: PAGE });
    if (page.events.length === 0) return;
    place = [...page.place];
    const events = page.events.filter(({ event: { room } }) => room !== null && seesRoom(principal, room));
    const tiles = await viewTiles(store, events);
    if (tiles.length > 0) yield Buffer.from(tiles.map((tile) => `${JSON.stringify(tile)}\n`).join(""));
    await turn();
  }
}
