// Long answers in pages: `?limit=` and `?after=`, the `next` of the page before. A page is a slice of the list as it is
// when asked for; the `seq` beside it says whether the fleet has moved on between two pages.
import type { Context } from "hono";
import { invalid, limitOf } from "../query.ts";

export interface PageAsked {
  readonly limit: number;
  readonly offset: number;
}

export interface FleetPage<Item> {
  readonly items: readonly Item[];
  /** Null when there is no more. */
  readonly next: string | null;
}

const LIMIT_DEFAULT = 100;

/** Throws `invalid_argument`. */
export function pageIn(c: Context): PageAsked {
  const after = c.req.query("after") ?? "";
  if (!/^\d{0,15}$/.test(after)) throw invalid("`after` is no page's `next`.", "Pass it as it was given.");
  return { limit: limitOf(c, LIMIT_DEFAULT), offset: Number(after) };
}

/** Takes no more of the list than the page needs. */
export function pageOf<Item>(list: Iterable<Item>, { limit, offset }: PageAsked): FleetPage<Item> {
  const items: Item[] = [];
  let place = 0;
  for (const item of list) {
    if (place++ < offset) continue;
    if (items.length === limit) return { items, next: String(offset + limit) };
    items.push(item);
  }
  return { items, next: null };
}
