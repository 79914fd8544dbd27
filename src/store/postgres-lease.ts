// Leases in PostgreSQL. The time is the caller's.
import { checkLease } from "./input.ts";
import type { LeaseRequest } from "./port.ts";
import { query, type PostgresClient } from "./postgres-client.ts";

const TAKE_LEASE = query<readonly [boolean]>(
  `INSERT INTO leases AS l (name, owner, until) VALUES ($1, $2, $3) ON CONFLICT (name)
   DO UPDATE SET owner = excluded.owner, until = excluded.until
   WHERE l.owner = excluded.owner OR l.until <= $4 RETURNING true`,
);
/** Whether another owner holds it still. */
const DROP_LEASE = query<readonly [boolean]>(
  `WITH dropped AS (DELETE FROM leases WHERE name = $1 AND (owner = $2 OR until <= $3))
   SELECT EXISTS (SELECT FROM leases WHERE name = $1 AND owner <> $2 AND until > $3)`,
);

export async function leaseIn(client: PostgresClient, request: LeaseRequest): Promise<boolean> {
  const { name, owner, now, ttlMs } = checkLease(request);
  const [key, holder] = [Buffer.from(name), Buffer.from(owner)];
  if (ttlMs > 0) return (await client.get(TAKE_LEASE, key, holder, now + ttlMs, now)) !== undefined;
  const held = await client.get(DROP_LEASE, key, holder, now);
  return held?.[0] === false;
}
