// The address of a PostgreSQL store: what the driver takes, and `?schema=` (default `holodeck`), so that one
// database may hold several stores.
import { invalid } from "./input.ts";

export interface PostgresAddress {
  /** For the driver; holds the password. */
  readonly connectionString: string;
  readonly schema: string;
  /** For people: without the password and without the driver's options. */
  readonly name: string;
}

const SCHEMA_DEFAULT = "holodeck";
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Throws `invalid_argument`, never quoting the address. */
export function parsePostgresAddress(address: string): PostgresAddress {
  const url = URL.parse(address);
  if (url === null) throw invalid("The store's address is not a URL.", EXAMPLE);
  const schema = url.searchParams.get("schema") ?? SCHEMA_DEFAULT;
  if (!SCHEMA_NAME.test(schema)) {
    throw invalid(
      `${JSON.stringify(schema)} is not the name of a schema.`,
      "Use lower-case letters, digits and _.",
    );
  }
  const socket = url.searchParams.get("host");
  const user = url.username === "" ? "" : `${url.username}@`;
  const options = [
    ...(socket === null ? [] : [`host=${socket}`]),
    ...(schema === SCHEMA_DEFAULT ? [] : [`schema=${schema}`]),
  ];
  const name = `postgres://${user}${url.host}${url.pathname}${options.length > 0 ? "?" : ""}${options.join("&")}`;
  url.searchParams.delete("schema");
  return { connectionString: url.href, schema, name };
}

const EXAMPLE =
  "Write postgres://user:password@host:5432/database; encode signs like @ and / in the password.";
