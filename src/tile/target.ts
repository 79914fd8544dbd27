// Where an outgoing URL may lead. A name is resolved once and the addresses are pinned, so that it cannot lead
// elsewhere afterwards; private and link-local ones are refused unless they are allowed; loopback is always allowed.
import { lookup as systemLookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { HolodeckError } from "../event/error.ts";

export interface Address {
  readonly address: string;
  readonly family: number;
}

export interface TargetOptions {
  /** Whether addresses of private networks may be reached. Default false. */
  readonly allowPrivate?: boolean;
  /** Default the system's. */
  readonly lookup?: (hostname: string) => Promise<readonly Address[]>;
}

/**
 * The addresses a URL leads to. Throws `denied` when one of them may not be reached, for another scheme than http and
 * https, and for a URL with a user in it; and what the lookup throws.
 */
export async function resolveTarget(
  url: URL,
  { allowPrivate = false, lookup = lookUp }: TargetOptions = {},
): Promise<readonly Address[]> {
  if (!/^https?:$/.test(url.protocol)) throw denied(`${url.protocol} is no scheme that is spoken.`, HTTP);
  if (url.username !== "" || url.password !== "")
    throw denied(`${url.host} is given with a user in it.`, HTTP);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(host);
  const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
  const refused = allowPrivate ? undefined : addresses.find((one) => isPrivate(one));
  if (refused === undefined) return addresses;
  throw denied(`${url.host} leads to ${refused.address}, an address of a private network.`, ALLOW);
}

const HTTP = "Use an http or https URL without a user or password.";
const ALLOW = "Allow it with allowPrivateTargets or HOLODECK_ALLOW_PRIVATE_TARGETS=1, or use another URL.";

function denied(what: string, todo: string): HolodeckError {
  return new HolodeckError("denied", { what, todo });
}

/** A lookup that answers these addresses, whatever is asked. */
export function pinned(addresses: readonly Address[]): LookupFunction {
  return (hostname, options, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(new Error(`${hostname} has no address`), "", 0);
    else if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

async function lookUp(hostname: string): Promise<readonly Address[]> {
  return await systemLookup(hostname, { all: true });
}

/** Judged by what it is, whatever the lookup calls it: asked for the wrong family, a block list finds nothing. */
function isPrivate({ address }: Address): boolean {
  const type = isIP(address) === 6 ? "ipv6" : "ipv4";
  return !LOOPBACK.check(address, type) && NOT_PUBLIC.check(address, type);
}

/** An IPv6 address that maps an IPv4 one is judged as that (node:net does so). */
const LOOPBACK = blockList(["127.0.0.0/8", "::1/128"]);

/** The IANA special-purpose registries (RFC 6890) and multicast; those that embed IPv4 addresses are refused whole. */
const NOT_PUBLIC = blockList([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/96",
  "::ffff:0:0:0/96", // Translated IPv4 (RFC 2765); mapped addresses lie beside it.
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/32",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
]);

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [net = "", prefix = ""] = subnet.split("/");
    list.addSubnet(net, Number(prefix), net.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
