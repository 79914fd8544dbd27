// A store that says what it is about to append and what it has promised.
import { randomUUID } from "node:crypto";
import type { AppendItem, AppendResult } from "../../src/event/log.ts";
import type { Store } from "../../src/store/port.ts";
import { aroundStore } from "./around-store.ts";
import type { Tell } from "./protocol.ts";

export function announced(store: Store, tell: Tell): Store {
  return aroundStore(store, {
    append: async (items) => {
      const ids = items.map((item) => announce(item, tell));
      const results = await store.append(items);
      for (const [index, result] of results.entries()) promise(ids[index] ?? "", result, tell);
      return results;
    },
    putBlob: async (params) => {
      const hash = await store.putBlob(params);
      tell({ kind: "blob", hash });
      return hash;
    },
  });
}

function announce({ stream, expectedSeq, events, keys }: AppendItem, tell: Tell): string {
  const id = randomUUID();
  tell({
    kind: "try",
    id,
    stream,
    afterSeq: expectedSeq,
    hashes: events.map(({ hash }) => hash),
    keys: keys.map(({ key, seq }) => [key, seq]),
  });
  return id;
}

function promise(id: string, { status }: AppendResult, tell: Tell): void {
  if (status === "appended") tell({ kind: "appended", id });
}
