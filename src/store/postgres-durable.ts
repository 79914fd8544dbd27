// What a PostgreSQL server must be set to for "durable" to be true.
import { query, type PostgresClient } from "./postgres-client.ts";

/** `fsync=off` is a setting of the whole server: a power cut may take what was acknowledged, and the store with it. */
export async function warnIfNotDurable(client: PostgresClient): Promise<void> {
  const row = await client.get(IS_DURABLE);
  if (row?.[0] === true) return;
  process.emitWarning(
    `The store ${client.address.name} may lose acknowledged events when its server loses power: fsync or full_page_writes is off.`,
    { type: "HolodeckWarning", code: "store_not_durable" },
  );
}

const IS_DURABLE = query<readonly [boolean]>(
  "SELECT current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'",
);
