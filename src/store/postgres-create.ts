// Making a PostgreSQL store and bringing it to this program's version: under a lock, in one transaction, so that
// many may open a new store at once and nobody sees half of one. What is not ours or newer is left as it is.
import type { ClientBase } from "pg";
import { HolodeckError } from "../event/error.ts";
import type { PostgresClient } from "./postgres-client.ts";
import { PARTITIONS, PROGRAM, SCHEMA_VERSION, STEPS } from "./postgres-schema.ts";

/** How many partitions the store has. */
export async function createOrCheck(client: PostgresClient, lockSpace: number): Promise<number> {
  const found = await client.transact((connection) => find(connection, client));
  if (found !== null && found.version === SCHEMA_VERSION) return found.partitions;
  return await client.transact(async (connection) => {
    await connection.query("SELECT pg_advisory_xact_lock($1, -1)", [lockSpace]);
    const now = await find(connection, client);
    if (now !== null && now.version === SCHEMA_VERSION) return now.partitions;
    return await bringUp(connection, client.address.schema, now?.version ?? 0);
  });
}

interface Standing {
  readonly version: number;
  readonly partitions: number;
}

/** Null when there is nothing. Throws `store_newer` or `store_corrupt` for what this program must not touch. */
async function find(connection: ClientBase, { address }: PostgresClient): Promise<Standing | null> {
  const { name, schema } = address;
  const things = await connection.query<{ name: string }>(
    "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1",
    [schema],
  );
  if (things.rows.length === 0) return null;
  if (!things.rows.some((thing) => thing.name === "store")) throw foreign(name, schema);
  const standing = await connection
    .query<{ program: string; version: string; partitions: string }>(
      `SELECT program, version, partitions FROM "${schema}".store`,
    )
    .catch((cause: unknown) => {
      // No such column: a table of this name that somebody else made.
      if (cause instanceof Error && "code" in cause && cause.code === "42703") throw foreign(name, schema);
      throw cause;
    });
  const [row] = standing.rows;
  if (row?.program !== PROGRAM) throw foreign(name, schema);
  const version = Number(row.version);
  if (version <= SCHEMA_VERSION) return { version, partitions: Number(row.partitions) };
  throw new HolodeckError("store_newer", {
    what: `The store ${name} has version ${version}; this program knows versions up to ${SCHEMA_VERSION}.`,
    todo: "Use the newer Holodeck that wrote it. Nothing has been changed.",
  });
}

async function bringUp(connection: ClientBase, schema: string, version: number): Promise<number> {
  if (version === 0) {
    const known = await connection.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
    if (known.rowCount === 0) await connection.query(`CREATE SCHEMA "${schema}"`);
  }
  await connection.query(`SET LOCAL search_path TO "${schema}"`);
  for (const step of STEPS.slice(version)) await connection.query(step);
  const { rows } = await connection.query<{ partitions: string }>(
    `INSERT INTO store (one, program, version, partitions) VALUES (true, $1, $2, $3)
     ON CONFLICT (one) DO UPDATE SET version = excluded.version RETURNING partitions`,
    [PROGRAM, SCHEMA_VERSION, PARTITIONS],
  );
  return Number(rows[0]?.partitions);
}

function foreign(name: string, schema: string): HolodeckError {
  return new HolodeckError("store_corrupt", {
    what: `The schema ${schema} of ${name} holds what another program made.`,
    todo: "Name another schema with ?schema= in the address. Nothing has been changed.",
  });
}
