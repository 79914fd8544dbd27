// Pages of long lists: how a place between two items travels to the caller and back as opaque text.
import { checkLimit, invalid } from "./input.ts";
import type { Page, PageRequest } from "./port.ts";

/** Where a page ended: the values its list is ordered by. */
export type Cursor = readonly (number | string)[];

const PAGE_LIMIT_DEFAULT = 50;

/** The page's limit; 50 when none is asked for. */
export function pageLimit(page: PageRequest | undefined): number {
  return checkLimit(page?.limit, PAGE_LIMIT_DEFAULT);
}

/** The cursor in `after`, of the shape the list is ordered by; null for the first page. */
export function pageCursor<Shape extends Cursor>(page: PageRequest | undefined, shape: Shape): Shape | null {
  if (page?.after === undefined) return null;
  const cursor = parse(page.after);
  if (hasShape(cursor, shape)) return cursor;
  throw invalid("That is not a place in this list.", "Pass the `next` of the page before, unchanged.");
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** The page of `rows`, of which one more than `limit` was looked for. */
export function cutPage<Item>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => Cursor,
): Page<Item> {
  if (rows.length <= limit) return { items: rows, next: null };
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last === undefined ? null : encodeCursor(cursorOf(last)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return null;
  }
}

function hasShape<Shape extends Cursor>(cursor: unknown, shape: Shape): cursor is Shape {
  if (!Array.isArray(cursor) || cursor.length !== shape.length) return false;
  return shape.every((part, index) => {
    const value: unknown = cursor[index];
    if (typeof part === "number") return Number.isSafeInteger(value);
    return typeof value === "string" && value.isWellFormed();
  });
}
