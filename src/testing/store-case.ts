// One behaviour of the store's port as a check that any test runner can run.
import { ok, rejects } from "node:assert/strict";
import { HolodeckError, type ErrorCode } from "../event/error.ts";
import type { AppendItem, AppendResult, StoredEvent } from "../event/log.ts";
import type { Page, PageRequest, Store } from "../store/port.ts";

export interface StoreCase {
  /** A sentence about what a store does. */
  readonly name: string;
  /** Rejects when the store made by `make` does not. `make` gives a new, empty store each time; `run` closes it. */
  readonly run: (make: () => Promise<Store>) => Promise<void>;
}

/** A case that needs one empty store. */
export function storeCase(name: string, check: (store: Store) => Promise<void>): StoreCase {
  return {
    name,
    run: async (make) => {
      const store = await make();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    },
  };
}

/** Appends one item and gives its result. */
export async function appendOne(store: Store, item: AppendItem): Promise<AppendResult> {
  const [result] = await store.append([item]);
  ok(result !== undefined, "append gives one result per item");
  return result;
}

/** Appends items that must all succeed. */
export async function appendAll(store: Store, items: readonly AppendItem[]): Promise<void> {
  const results = await store.append(items);
  for (const { status } of results) ok(status === "appended", `an item came back ${status}`);
}

/** Every item of a list, page by page, and how many there were on each page. */
export async function allPages<Item>(
  limit: number,
  list: (page: PageRequest) => Promise<Page<Item>>,
): Promise<{ readonly items: readonly Item[]; readonly sizes: readonly number[] }> {
  const items: Item[] = [];
  const sizes: number[] = [];
  let page = await list({ limit });
  for (;;) {
    items.push(...page.items);
    sizes.push(page.items.length);
    if (page.next === null) return { items, sizes };
    page = await list({ limit, after: page.next });
  }
}

/** Asserts that an act is refused with this code. */
export async function refuses(code: ErrorCode, act: () => unknown): Promise<void> {
  await rejects(
    async () => act(),
    (error: unknown) => error instanceof HolodeckError && error.code === code,
    `expected to be refused with ${code}`,
  );
}

/** Events as plain values: their hashes. */
export function hashesOf(events: readonly StoredEvent[]): readonly string[] {
  return events.map(({ hash }) => hash);
}
