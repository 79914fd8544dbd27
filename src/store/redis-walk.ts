// Walks one list that lies in every partition, as if it were one: the partitions' sorted sets are read in slices
// and merged by their bytes.
import { bytesOf, listOf, type RedisClient } from "./redis-client.ts";

export interface Walk {
  readonly partitions: number;
  readonly keyOf: (partition: number) => string;
  /** Where to begin and to end, as ZRANGE … BYLEX has it: `[` or `(` before the bytes, or `-` and `+`. */
  readonly from: Buffer;
  readonly to: Buffer;
  readonly direction: "up" | "down";
  /** About how many members will be wanted. */
  readonly wanted: number;
}

export interface Member {
  readonly partition: number;
  readonly bytes: Buffer;
}

interface Source {
  readonly partition: number;
  members: readonly Buffer[];
  next: number;
  isAtEnd: boolean;
}

export async function* walk(client: RedisClient, params: Walk): AsyncGenerator<Member> {
  // A little more than each partition's share, so that most walks need no second slice.
  const slice = Math.ceil((params.wanted * 1.5) / params.partitions) + 4;
  const sources = Array.from({ length: params.partitions }, (_, partition): Source => {
    return { partition, members: [], next: 0, isAtEnd: false };
  });
  await Promise.all(sources.map((source) => refill(client, params, source, slice)));
  for (;;) {
    const best = first(sources, params.direction);
    const bytes = best?.members[best.next];
    if (best === null || bytes === undefined) return;
    yield { partition: best.partition, bytes };
    best.next++;
    if (best.next === best.members.length) await refill(client, params, best, slice * 2);
  }
}

async function refill(client: RedisClient, params: Walk, source: Source, slice: number): Promise<void> {
  const { keyOf, from, to, direction } = params;
  const last = source.members.at(-1);
  source.members = [];
  source.next = 0;
  if (source.isAtEnd) return;
  const begin = last === undefined ? from : beyond(last);
  const reverse = direction === "down" ? ["REV"] : [];
  const key = keyOf(source.partition);
  const reply = await client.call("ZRANGE", key, begin, to, "BYLEX", ...reverse, "LIMIT", 0, slice);
  source.members = listOf(reply).map(bytesOf);
  source.isAtEnd = source.members.length < slice;
}

function first(sources: readonly Source[], direction: Walk["direction"]): Source | null {
  const sign = direction === "up" ? 1 : -1;
  let best: Source | null = null;
  for (const source of sources) {
    const bytes = source.members[source.next];
    const bestBytes = best?.members[best.next];
    if (bytes === undefined) continue;
    if (bestBytes === undefined || sign * Buffer.compare(bytes, bestBytes) < 0) best = source;
  }
  return best;
}

/** A bound that leaves out the bytes themselves. */
export function beyond(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from("("), bytes]);
}

/** A bound that takes in the bytes themselves. */
export function through(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from("["), bytes]);
}
