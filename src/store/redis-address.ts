// The address of a Redis store: `redis://` for one server, `rediss://` with TLS, and with `+cluster` several nodes
// that a cluster is found by. `?prefix=` (default `holodeck`) lets one server hold several stores.
import { invalid } from "./input.ts";

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  readonly nodes: readonly RedisNode[];
  readonly isCluster: boolean;
  readonly hasTls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  /** What every key begins with. */
  readonly prefix: string;
  /** For people: without the password. */
  readonly name: string;
}

const PREFIX_DEFAULT = "holodeck";
const PORT_DEFAULT = 6379;
/** No braces: they would decide where a cluster keeps a key. */
const PREFIX = /^[A-Za-z0-9_.:-]{1,64}$/;
const ADDRESS = /^redis(s?)(\+cluster)?:\/\/(?:(.*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?(.*))?$/is;

/** Throws `invalid_argument`, never quoting the address. */
export function parseRedisAddress(address: string): RedisAddress {
  const match = ADDRESS.exec(address);
  if (match === null) throw invalid("The store's address is not one of Redis.", EXAMPLE);
  const [, tls = "", cluster = "", user = "", hosts = "", database = "", query = ""] = match;
  const prefix = new URLSearchParams(query).get("prefix") ?? PREFIX_DEFAULT;
  if (!PREFIX.test(prefix)) {
    throw invalid(
      `${JSON.stringify(prefix)} cannot begin a key.`,
      "Use up to 64 letters, digits and the signs _ . : - as prefix.",
    );
  }
  const isCluster = cluster !== "";
  const nodes = hosts.split(",").map(parseNode);
  if (nodes.length > 1 && !isCluster) throw invalid("One Redis server has one address.", EXAMPLE);
  if (isCluster && Number(database) > 0) throw invalid("A Redis Cluster has the database 0 alone.", EXAMPLE);
  const [username, ...password] = user.split(":");
  const options = prefix === PREFIX_DEFAULT ? "" : `?prefix=${prefix}`;
  return {
    nodes,
    isCluster,
    hasTls: tls !== "",
    username: username === undefined || username === "" ? null : decode(username),
    password: password.length === 0 ? null : decode(password.join(":")),
    database: Number(database),
    prefix,
    name: `redis${tls}${cluster}://${hosts}${database === "" ? "" : `/${database}`}${options}`,
  };
}

const EXAMPLE =
  "Write redis://user:password@host:6379 or redis+cluster://user:password@host:6379,host:6380; encode signs like @ in the password.";

function parseNode(text: string): RedisNode {
  const url = URL.parse(`redis://${text}`);
  if (url === null || url.hostname === "") throw invalid("A host in the store's address is none.", EXAMPLE);
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, "$1"),
    port: url.port === "" ? PORT_DEFAULT : Number(url.port),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
