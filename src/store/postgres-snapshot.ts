// Snapshots in PostgreSQL: one a stream, the latest saved, as JSON text. Losing one costs a longer fold, nothing else,
// so it is a statement of its own and no part of an append.
import type { Snapshot } from "../event/log.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import type { Place } from "./postgres-prune.ts";

const SNAPSHOT = query<readonly [Buffer]>(
  "SELECT snapshot FROM snapshots WHERE partition = $1 AND stream = $2",
);
const SAVE_SNAPSHOT = query(
  `INSERT INTO snapshots (partition, stream, snapshot) VALUES ($1, $2, $3)
   ON CONFLICT (partition, stream) DO UPDATE SET snapshot = excluded.snapshot`,
);

export async function snapshotOf(
  client: PostgresClient,
  { stream, partition }: Place,
): Promise<Snapshot | null> {
  const row = await client.get(SNAPSHOT, partition, Buffer.from(stream));
  return row === undefined ? null : (JSON.parse(row[0].toString()) as Snapshot);
}

export async function saveSnapshot(
  client: PostgresClient,
  { stream, partition }: Place,
  snapshot: Snapshot,
): Promise<void> {
  await client.all(SAVE_SNAPSHOT, partition, Buffer.from(stream), Buffer.from(JSON.stringify(snapshot)));
}
