// Which policies, identities and roles there are: from heads alone, the newest first.
import { streamKey } from "../event/event.ts";
import type { Store, StoredHead } from "../store/port.ts";
import { checkInteger, checkKeys } from "./input.ts";

/** One that was put, by what is known without reading it. */
export interface TrustSummary {
  readonly id: string;
  /** Its stream: `policy:ID`. */
  readonly key: string;
  readonly version: number;
  /** A removed identity and a retired role stay in the list. */
  readonly status: "active" | "removed" | "retired";
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface TrustPage {
  readonly items: readonly TrustSummary[];
  /** What `after` takes for the page that follows; null when there is none. */
  readonly next: string | null;
}

/** What lists take. */
export interface TrustPageOptions {
  /** At most so many, 1 to 1,000. Default 100. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

/** Throws `invalid_argument`. */
export async function trustList(
  store: Store,
  kind: "policy" | "identity" | "role",
  options: TrustPageOptions,
): Promise<TrustPage> {
  const { limit = 100, after } = checkKeys(options, "options", ["limit", "after"]);
  checkInteger(limit, "limit", 1, 1_000);
  const page = { limit, ...(after !== undefined && { after }) };
  const { items, next } = await store.heads({ filter: { kind }, page });
  return { items: items.map(summaryOf), next };
}

function summaryOf({ stream, status, summary, createdAt }: StoredHead): TrustSummary {
  // Written by the stream's own aggregate.
  const { version } = summary as { readonly version: number };
  return { id: streamKey(stream), key: stream, version, status: status as TrustSummary["status"], createdAt };
}
