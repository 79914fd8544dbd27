// Which heads a filter lets through, for stores that look at each.
import type { HeadFilter, StoredHead } from "./port.ts";

/** Whether a head has all the filter asks for. */
export function matches(head: StoredHead, filter: HeadFilter): boolean {
  const { kind, status, labels = [], createdFrom, createdBefore } = filter;
  if (head.kind !== kind || (status !== undefined && head.status !== status)) return false;
  if (createdFrom !== undefined && head.createdAt < createdFrom) return false;
  if (createdBefore !== undefined && head.createdAt >= createdBefore) return false;
  return labels.every((label) => head.labels.includes(label));
}
