// What is refused before anyone reads it: requests from web pages of others (a page may send what it likes to
// 127.0.0.1, and by a name that it makes point there even read the answer), and forms that pages send unasked.
// Judged by the headers as they came on the wire, where one that stands twice can still be seen.
import { BODY_BYTES_MAX } from "./json-body.ts";

/** A request as it stands on the wire. */
export interface Knock {
  readonly method: string;
  /** The target as it came: `/room/a%2Fb?limit=5`. */
  readonly target: string;
  /** Name, value, name, value, …, as Node keeps them. */
  readonly rawHeaders: readonly string[];
  /** Names this server has beside those of loopback: `holodeck.example.org`, with a port when only that one counts. */
  readonly hosts?: readonly string[];
}

export interface DoorRefusal {
  readonly status: 400 | 403 | 405 | 413 | 415 | 417 | 421;
  /** A sentence that says what happened. */
  readonly what: string;
  /** A sentence that says what to do. */
  readonly todo: string;
}

/** For who sends `Expect:` with anything but `100-continue`. */
export const EXPECTATION: DoorRefusal = {
  status: 417,
  what: "The header Expect asks for what this server does not do.",
  todo: "Leave it out, or send Expect: 100-continue.",
};

/** For who takes this server for a proxy. */
export const TUNNEL: DoorRefusal = {
  status: 405,
  what: "CONNECT asks for a tunnel, and this server is no proxy.",
  todo: "Ask it for a path, as in GET /health; a program that was told of a proxy has its address by mistake.",
};

/** Names alone that every reader takes for the same address: no octet above 255, none that reads as octal. */
const LOOPBACK_NAME = /^(?:localhost|127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|\[::1\])$/i;

const PORT_MAX = 65_535;

/** Null for who may come in. */
export function refuseAtDoor({ method, target, rawHeaders, hosts: own = [] }: Knock): DoorRefusal | null {
  const headers = collect(rawHeaders);
  const hosts = headers.get("host") ?? [];
  const [host = ""] = hosts;
  if (hosts.length !== 1)
    return refuse(
      400,
      "The request has not exactly one Host header.",
      "Send one, with the server's name in it.",
    );
  const isLoopback = LOOPBACK_NAME.test(nameIn(host) ?? "");
  if (!isLoopback && !isOwn(host, own)) return unknownHost(host);
  // Before a name of one's own there may stand a proxy that ends TLS.
  const schemes = isLoopback ? ["http"] : ["http", "https"];
  for (const origin of headers.get("origin") ?? []) {
    if (!schemes.some((scheme) => origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`))
      return refuse(
        403,
        `Pages from ${shown(origin)} may not use this server.`,
        "Ask from a page of the server itself, or from a program, without the header Origin.",
      );
  }
  return targetRefusal(target, host) ?? (asksForBody(method, headers) ? bodyRefusal(headers) : null);
}

/** Most who read this have given the machine a name, or put a proxy before it, and the server was not told. */
function unknownHost(host: string): DoorRefusal {
  const name = URL.canParse(`http://${host}`) ? nameIn(host) : null;
  return refuse(
    421,
    `The request came for ${shown(host)}, as its Host header says, and this server does not go by that name.`,
    `On this machine use http://127.0.0.1 or http://localhost. To let the name in, start the server with --allow-host ${name ?? "NAME"}, or put it into allow_hosts in holodeck.yaml.`,
  );
}

/** Who asks for a whole address asks for the host in it, whatever the header says (RFC 9112 §3.2.2): they must agree. */
function targetRefusal(target: string, host: string): DoorRefusal | null {
  const authority = /^https?:\/\/([^/?#]*)/.exec(target)?.[1];
  if (authority === undefined && !target.startsWith("/"))
    return refuse(400, `${shown(target)} is no path.`, "Ask for one, as in GET /health.");
  if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase())
    return refuse(
      421,
      `The request is for ${shown(authority)}, and its Host header says ${shown(host)}.`,
      "Let both name the same host.",
    );
  const [path = ""] = target.split(/[?#]/, 1);
  if (/(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i.test(path))
    return refuse(400, "The path has . or .. as a part.", "Ask for the path that is meant.");
  return path.includes("\\") ? refuse(400, "The path has a backslash.", "Write it as %5C.") : null;
}

/**
 * A method that needs no body may bring one: whoever reads it is to find what it finds with POST. A POST that brings
 * none, and no page sends (pages say where they are from), is an order without words, such as /reset.
 */
function asksForBody(method: string, headers: ReadonlyMap<string, readonly string[]>): boolean {
  if (headers.has("transfer-encoding") || (headers.get("content-length")?.[0] ?? "0") !== "0") return true;
  return method === "POST" && (headers.has("content-type") || headers.has("origin"));
}

/** The host without its port; null when that is no port. */
function nameIn(host: string): string | null {
  const [, port = "0"] = /:(\d{1,5})$/.exec(host) ?? [];
  return Number(port) > PORT_MAX ? null : host.replace(/:\d{1,5}$/, "");
}

function isOwn(host: string, own: readonly string[]): boolean {
  const asked = host.toLowerCase();
  const name = nameIn(asked);
  if (name === null || !URL.canParse(`http://${host}`)) return false;
  return own.some((one) => [asked, name].includes(one.toLowerCase()) || name === `[${one.toLowerCase()}]`);
}

function bodyRefusal(headers: ReadonlyMap<string, readonly string[]>): DoorRefusal | null {
  const type = headers.get("content-type")?.join(",") ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type.trim()))
    return refuse(
      415,
      `A body of type ${shown(type)} is not read here.`,
      "Send JSON, with the header Content-Type: application/json.",
    );
  const encoding = headers.get("content-encoding")?.join(",") ?? "identity";
  if (encoding.toLowerCase() !== "identity")
    return refuse(415, `A body in ${shown(encoding)} is not unpacked here.`, "Send it as it is.");
  const length = Number(headers.get("content-length")?.[0] ?? 0);
  if (length > BODY_BYTES_MAX)
    return refuse(413, `The body has more than ${BODY_BYTES_MAX} bytes.`, "Send less at a time.");
  return null;
}

function collect(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    const there = headers.get(name);
    if (there === undefined) headers.set(name, [value]);
    else there.push(value);
  }
  return headers;
}

function refuse(status: DoorRefusal["status"], what: string, todo: string): DoorRefusal {
  return { status, what, todo };
}

/** What came, cut to what people read. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
