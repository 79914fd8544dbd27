// How a sound request is made malformed: each way makes one that no server may take. What only reads may be answered
// all the same, since PLATO passes over what it does not know; it changes nothing.
import { below, oneOf, type Random } from "../crash/random.ts";
import type { Sound } from "./sound-requests.ts";

/** A request as bytes, and what was done to it. */
export interface Malformed {
  readonly port: Sound["port"];
  readonly bytes: Buffer;
  readonly isRead: boolean;
  readonly what: string;
}

interface Parts {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly host: readonly string[];
  readonly type: string;
  /** Further lines. */
  readonly lines: readonly string[];
  readonly body: Buffer;
}

interface Way {
  readonly name: string;
  /** Default all. */
  readonly fits?: (sound: Sound) => boolean;
  /** What becomes of which parts. */
  readonly corrupt: (parts: Parts, random: Random, sound: Sound) => Partial<Parts>;
}

/** The same numbers, the same bytes. */
export function malformedFrom(random: Random, all: readonly Sound[]): Malformed {
  const sound = oneOf(random, all);
  const { port, method, path } = sound;
  const way = oneOf(
    random,
    WAYS.filter(({ fits = () => true }) => fits(sound)),
  );
  const parts = partsOf(sound);
  const bytes = assemble({ ...parts, ...way.corrupt(parts, random, sound) });
  return { port, bytes, isRead: method === "GET", what: `${method} ${path}: ${way.name}` };
}

function partsOf({ method, path, body }: Sound): Parts {
  const bytes = Buffer.from(body === null ? "" : JSON.stringify(body));
  const type = body === null ? "" : "application/json";
  return { method, target: path, version: "HTTP/1.1", host: ["localhost"], type, lines: [], body: bytes };
}

function assemble({ method, target, version, host, type, lines, body }: Parts): Buffer {
  const all = [
    `${method} ${target} ${version}`,
    ...host.map((name) => `Host: ${name}`),
    ...(type === "" ? [] : [`Content-Type: ${type}`]),
    ...lines,
    ...(body.length === 0 ? [] : [`Content-Length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${all.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

function hasBody({ body }: Sound): boolean {
  return body !== null;
}

function isRead({ body }: Sound): boolean {
  return body === null;
}

function needsMembers({ required }: Sound): boolean {
  return required.length > 0;
}

/** A way that adds a line to the head. */
function line(name: string, make: (random: Random) => string, fits?: Way["fits"]): Way {
  const corrupt: Way["corrupt"] = (_, random) => ({ lines: [make(random)] });
  return { name, corrupt, ...(fits !== undefined && { fits }) };
}

/** A way that writes the body's text anew. */
function text(
  name: string,
  make: (whole: string, random: Random) => string,
  fits: Way["fits"] = hasBody,
): Way {
  return {
    name,
    fits,
    corrupt: ({ body }, random) => ({ body: Buffer.from(make(body.toString(), random)) }),
  };
}

/** A way that adds a member to the body. */
function member(name: string, make: (random: Random) => string, fits?: Way["fits"]): Way {
  const insert = (whole: string, random: Random): string =>
    `{${make(random)}${whole === "{}" ? "" : ","}${whole.slice(1)}`;
  return text(name, insert, fits);
}

/** A way that changes one of the members it needs; undefined leaves it out. */
function needed(name: string, make: (random: Random) => unknown): Way {
  return {
    name,
    fits: needsMembers,
    corrupt: (_, random, { body, required }) => {
      const changed = { ...body, [oneOf(random, required)]: make(random) };
      return { body: Buffer.from(JSON.stringify(changed)) };
    },
  };
}

const HOSTS = [
  "evil.example",
  "evil.example:80",
  "2130706433",
  "[::ffff:7f00:1]",
  "a@localhost",
  "",
  "localhost, x",
  "localhost:65536",
  "127.0.0.256",
  "127.999.0.1",
  "127.0.0.08",
];
const LENGTHS = ["-1", "x", "1e3", "+5", "0x10", "9".repeat(30), "1 2", ""];
const METHODS = [
  "PUT",
  "PATCH",
  "PROPFIND",
  "TRACE",
  "OPTIONS",
  "FOO",
  "get",
  "M-SEARCH",
  "CONNECT",
  "\u0000",
];
const TYPES = [
  "text/plain",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/x-www-form-urlencoded",
];
const NUMBERS = ["1e400", "-1e400", "NaN", "01", "+1", "0x1", "1.", "--1"];

const HEADS: readonly Way[] = [
  { name: "foreign host", corrupt: (_, random) => ({ host: [oneOf(random, HOSTS)] }) },
  { name: "two hosts", corrupt: () => ({ host: ["localhost", "localhost"] }) },
  { name: "no host", corrupt: () => ({ host: [] }) },
  {
    name: "bad version",
    corrupt: (_, random) => ({ version: oneOf(random, ["", "HTTP/9.9", "HTTPS/1.1", "x"]) }),
  },
  { name: "strange method", corrupt: (_, random) => ({ method: oneOf(random, METHODS) }) },
  {
    name: "another's address",
    corrupt: ({ target }, random) => ({ target: `http://${oneOf(random, HOSTS)}${target}` }),
  },
  {
    name: "no path",
    corrupt: ({ target }, random) => ({ target: `${oneOf(random, ["*", "ftp:/", "\\"])}${target}` }),
  },
  { name: "climbing path", corrupt: ({ target }) => ({ target: `/..${target}` }) },
  { name: "noise for a path", corrupt: (_, random) => ({ target: noise(random) }) },
  line("foreign origin", (random) => `Origin: ${oneOf(random, [...HOSTS, "null", "http://evil.example"])}`),
  line("no header", (random) => `x${noise(random)}`),
  line("large head", () => `X: ${"x".repeat(17_000)}`),
  line("two lengths", () => "Content-Length: 3\r\nContent-Length: 4"),
  line("length and chunks", () => "Content-Length: 3\r\nTransfer-Encoding: chunked"),
  line("bad length", (random) => `Content-Length: ${oneOf(random, LENGTHS)}`),
];

const BODIES: readonly Way[] = [
  {
    name: "longer path",
    fits: hasBody,
    corrupt: ({ target }, random) => ({ target: `${target}/${escaped(random)}x` }),
  },
  { name: "other type", fits: hasBody, corrupt: (_, random) => ({ type: oneOf(random, TYPES) }) },
  { name: "no type", fits: hasBody, corrupt: () => ({ type: "" }) },
  line("packed", (random) => `Content-Encoding: ${oneOf(random, ["gzip", "br", "x"])}`, hasBody),
  // A batch has its keys in its tiles.
  line(
    "long key",
    () => `Idempotency-Key: ${"k".repeat(300)}`,
    (one) => hasBody(one) && one.path !== "/submit_batch",
  ),
  text("cut off", (whole, random) => whole.slice(0, 1 + below(random, whole.length - 1))),
  text("more behind", (whole, random) => `${whole}${oneOf(random, ["}", "x", "{}", "\u0000", ","])}`),
  text("no object", (_, random) => oneOf(random, ["[]", "5", '"x"', "null", "true", "[{}]", "NaN", "{]"])),
  text("noise", (_, random) => noise(random)),
  text("members twice", (whole) => `{${whole.slice(1, -1)},${whole.slice(1)}`),
  member(
    "unknown member",
    () => '"no_such_member":1',
    ({ isStrict }) => isStrict,
  ),
  member("__proto__", (random) => `"__proto__":${oneOf(random, ["{}", "null", '{"role":"operator"}'])}`),
  member("half a pair", () => '"x":"\\ud800"'),
  member("no number", (random) => `"n":${oneOf(random, NUMBERS)}`),
  member("depth", (random) => `"d":${"[".repeat(200)}${"]".repeat(200 - below(random, 2))}`),
  needed("wrong member", (random) => oneOf(random, [5, true, null, ""])),
  needed("member left out", () => undefined),
  {
    name: "no UTF-8",
    fits: hasBody,
    corrupt: ({ body }) => ({ body: Buffer.concat([Buffer.from('{"x":"'), Buffer.of(0xff, 0xc0), body]) }),
  },
];

const READS: readonly Way[] = [
  {
    name: "strange query",
    fits: isRead,
    corrupt: ({ target }, random) => ({ target: `${target}?${query(random)}` }),
  },
  {
    name: "strange path",
    fits: isRead,
    corrupt: ({ target }, random) => ({ target: `${target}/${escaped(random)}` }),
  },
  line("strange header", (random) => `X-Noise: ${noise(random)}`, isRead),
];

const WAYS: readonly Way[] = [...HEADS, ...BODIES, ...READS];

const NAMES = [
  "limit",
  "after",
  "before",
  "q",
  "room",
  "fleet",
  "page_token",
  "after_seq",
  "status",
  "tag",
  "x",
];
const VALUES = [
  "-1",
  "0",
  "NaN",
  "1e309",
  "9".repeat(30),
  "",
  "%00",
  "%ff",
  "..%2f",
  "__proto__",
  "(a%2B)%2B%24",
  "%22",
];

function query(random: Random): string {
  return Array.from({ length: 1 + below(random, 3) }, () => {
    const value = below(random, 2) === 0 ? oneOf(random, VALUES) : escaped(random);
    return `${oneOf(random, NAMES)}=${value}`;
  }).join("&");
}

/** Any bytes, as an address writes them. */
function escaped(random: Random): string {
  const bytes = Array.from({ length: below(random, 12) }, () => below(random, 256));
  return bytes.map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** Any characters but those that end a line or a header's name, and so nothing that JSON or a path could be. */
function noise(random: Random): string {
  const length = 1 + below(random, 30);
  const characters = Array.from({ length }, () => String.fromCharCode(below(random, 256)));
  return `\u0001${characters.join("").replaceAll(/[\r\n:]/g, "?")}`;
}
