// Pruning in PostgreSQL: the store's `prune_events` takes a bounded number of events in a call; the rows stay with seq
// and hash.
import type { StreamId } from "../event/event.ts";
import type { Snapshot } from "../event/log.ts";
import { checkPrune } from "./input.ts";
import type { PrunedEvent } from "./port.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import { hashText } from "./stored-event.ts";

/** How many events one call prunes. */
const STEP = 1000;

const STANDS = query<readonly [number]>("SELECT seq FROM heads WHERE partition = $1 AND stream = $2");
const SNAPSHOT = query<readonly [Buffer]>(
  "SELECT snapshot FROM snapshots WHERE partition = $1 AND stream = $2",
);
const DROP_SNAPSHOT = query("DELETE FROM snapshots WHERE partition = $1 AND stream = $2 AND snapshot = $3");
const PRUNE = query<readonly [number]>("SELECT prune_events($1, $2, $3, $4, $5)");
const PRUNED = query<readonly [number, Buffer]>(
  `SELECT seq, hash FROM events WHERE partition = $1 AND stream = $2 AND seq > $3 AND octet_length(bytes) = 0
   ORDER BY seq LIMIT $4`,
);

export interface Place {
  readonly stream: StreamId;
  readonly partition: number;
}

export async function prune(
  client: PostgresClient,
  lockSpace: number,
  { stream, partition, throughSeq }: Place & { readonly throughSeq: number },
): Promise<number> {
  const name = Buffer.from(stream);
  checkPrune({ throughSeq }, (await client.get(STANDS, partition, name))?.[0] ?? 0);
  const text = (await client.get(SNAPSHOT, partition, name))?.[0];
  if (text !== undefined && (JSON.parse(text.toString()) as Snapshot).seq <= throughSeq) {
    await client.all(DROP_SNAPSHOT, partition, name, text);
  }
  for (let pruned = 0; ;) {
    const went = (await client.get(PRUNE, lockSpace, partition, name, throughSeq, STEP))?.[0] ?? 0;
    pruned += went;
    if (went < STEP) return pruned;
  }
}

export async function prunedOf(
  client: PostgresClient,
  { stream, partition }: Place,
  afterSeq: number,
  limit: number,
): Promise<readonly PrunedEvent[]> {
  const rows = await client.all(PRUNED, partition, Buffer.from(stream), afterSeq, limit);
  return rows.map(([seq, hash]) => ({ seq, hash: hashText(hash) }));
}
