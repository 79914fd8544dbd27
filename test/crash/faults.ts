// Faults to plant: what the harness must find when they are there.
import { encodeEvent, type EncodedEvent } from "../../src/event/event.ts";
import type { AppendItem, AppendResult } from "../../src/event/log.ts";
import type { Store } from "../../src/store/port.ts";
import { aroundStore } from "./around-store.ts";

export const FAULTS = ["acknowledges-early", "checks-no-seq", "saves-place-early"] as const;
export type Fault = (typeof FAULTS)[number];

export function withFault(store: Store, fault: Fault | null): Store {
  switch (fault) {
    case null:
      return store;
    case "acknowledges-early":
      return acknowledgesEarly(store);
    case "checks-no-seq":
      return checksNoSeq(store);
    case "saves-place-early":
      return savesPlaceEarly(store);
  }
}

/** Answers before the commit. */
function acknowledgesEarly(store: Store): Store {
  return aroundStore(store, {
    append: async (items) => {
      store.append(items).catch(() => undefined);
      return items.map((): AppendResult => ({ status: "appended" }));
    },
  });
}

/** Writes what was decided behind whatever stands there by now. */
function checksNoSeq(store: Store): Store {
  const append = async (item: AppendItem): Promise<AppendResult> => {
    for (let current = item; ;) {
      const [result] = await store.append([current]);
      if (result?.status !== "conflict") return result ?? { status: "appended" };
      const afterSeq = Math.max(0, result.seq - 1);
      const last = (await store.read({ stream: item.stream, afterSeq })).at(-1);
      current = moved(item, last ?? null);
    }
  };
  return aroundStore(store, { append: async (items) => await Promise.all(items.map(append)) });
}

function moved(item: AppendItem, last: EncodedEvent | null): AppendItem {
  const expectedSeq = last?.event.seq ?? 0;
  const events: EncodedEvent[] = [];
  for (const { event } of item.events) {
    const before = events.at(-1) ?? last;
    const seq = (before?.event.seq ?? 0) + 1;
    const at = Math.max(event.at, before?.event.at ?? 0);
    events.push(encodeEvent({ ...event, seq, prev: before?.hash ?? null, at }));
  }
  const keys = item.keys.map(({ key, seq }) => ({ key, seq: seq - item.expectedSeq + expectedSeq }));
  return { ...item, expectedSeq, events, keys };
}

/** Who follows the log has its place saved before it has done anything about what it read. */
function savesPlaceEarly(store: Store): Store {
  let name = "";
  return aroundStore(store, {
    place: async (params) => {
      ({ name } = params);
      return await store.place(params);
    },
    tail: async (params) => {
      const page = await store.tail(params);
      if (name !== "") await store.savePlace({ name, place: page.place });
      return page;
    },
  });
}
