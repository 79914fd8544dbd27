// How a lease is taken and given back: by one statement each.
import { query } from "./postgres-client.ts";

export const TAKE_LEASE = query<readonly [boolean]>(
  `INSERT INTO leases AS l (name, owner, until) VALUES ($1, $2, $3) ON CONFLICT (name)
   DO UPDATE SET owner = excluded.owner, until = excluded.until
   WHERE l.owner = excluded.owner OR l.until <= $4 RETURNING true`,
);
/** Whether another owner holds it still. */
export const DROP_LEASE = query<readonly [boolean]>(
  `WITH dropped AS (DELETE FROM leases WHERE name = $1 AND (owner = $2 OR until <= $3))
   SELECT EXISTS (SELECT FROM leases WHERE name = $1 AND owner <> $2 AND until > $3)`,
);
