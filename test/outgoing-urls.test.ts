// Where URLs that others may have written can lead this process: one table of the forms that hide a private address, for
// each use there is of outgoing URLs. What is refused opens no connection at all.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeEvent, streamId } from "../src/event/event.ts";
import { carrierFor, sinkFor, SessionManager } from "../src/local.ts";
import { RouterClient } from "../src/session/router-client.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { PlatoSink } from "../src/tile/plato-sink.ts";
import type { SinkAnswer } from "../src/tile/sink.ts";
import type { Address, TargetOptions } from "../src/tile/target.ts";
import { PostCarrier } from "../src/webhook/post-carrier.ts";
import { makeWebhooks, type Webhook } from "../src/webhook/webhook.ts";

/** What speaks to a URL, kept for several requests. */
type Use = (
  url: string,
  options: TargetOptions,
) => { readonly send: () => Promise<SinkAnswer>; readonly close: () => void };

const tile = { domain: "r", question: "q", answer: "a", tags: [], confidence: 1, source: "s" };
const stream = streamId("session", "sess_1");
const ended = { type: "session_ended", room: null, data: { session_id: "sess_1", outcome: "success" } };
const stored = { ...encodeEvent({ v: 1, stream, seq: 1, prev: null, at: 1, ...ended }), position: 1 };
const signal = new AbortController().signal;

let clock = new TestClock();

/** A new use of outgoing URLs is a line here. */
const USES: readonly (readonly [name: string, use: Use])[] = [
  [
    "a PLATO server",
    (url, options) => {
      const sink = new PlatoSink({ url, clock, ...options });
      return { send: async () => await sink.submit({ tile, key: "k", signal }), close: () => sink.close() };
    },
  ],
  [
    "a webhook",
    (url, options) => {
      const carrier = new PostCarrier({ webhook: webhookAt(url), clock, ...options });
      return { send: async () => await carrier.carry(stored, signal), close: () => carrier.close() };
    },
  ],
  [
    "an H1 router",
    (url, options) => {
      const client = new RouterClient({ url, clock, random: () => 0, ...options });
      const send = async (): Promise<SinkAnswer> => {
        const asking = client.ask({ path: "status" });
        const answer = await asking.then(() => ({ status: "delivered" }) as const, answerOfRouter);
        if (answer.status !== "delivered") await clock.advance(1_000); // After a failure it rests.
        return answer;
      };
      return { send, close: () => client.close() };
    },
  ],
];

/** Its errors in the words of the others: one that may not be asked is refused, one that redirects too. */
function answerOfRouter(error: unknown): SinkAnswer {
  const reason = String(error);
  const code = /answers HTTP (\d+), and redirects/.exec(reason)?.[1];
  if (code !== undefined) return { status: "refused", reason, code: Number(code) };
  if (reason.includes("may not be asked")) return { status: "refused", reason, code: null };
  return { status: "retry", reason, afterMs: null };
}

/** As one that no declaration has checked. */
function webhookAt(url: string): Webhook {
  return { id: "a", url, origin: "", kinds: ["session_ended"], sign: () => "v1," };
}

const resolvesTo =
  (...answers: readonly (readonly string[])[]) =>
  async (): Promise<readonly Address[]> => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return await Promise.resolve(
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
let asked = 0;

async function misnames(): Promise<readonly Address[]> {
  return await Promise.resolve([{ address: "10.0.0.1", family: 6 }]);
}

async function hangs(): Promise<readonly Address[]> {
  return await new Promise(() => undefined);
}

const closing: (() => void)[] = [];
const sockets: unknown[] = [];
const onSocket = (message: unknown): void => void sockets.push(message);
let server: Server | null = null;
let port = 0;
let paths: string[] = [];
let location: string | null = null;

beforeEach(async () => {
  clock = new TestClock();
  [asked, paths, location] = [0, [], null];
  server = createServer((request, response) => {
    paths.push(`${request.headers.host} ${request.url}`);
    request.resume();
    if (location === null) response.end("{}");
    else response.writeHead(302, { location }).end();
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  subscribe("net.client.socket", onSocket);
  sockets.length = 0;
});

afterEach(async () => {
  unsubscribe("net.client.socket", onSocket);
  for (const close of closing.splice(0)) close();
  await stopServer();
});

async function stopServer(): Promise<void> {
  const stopped = server;
  server = null;
  if (stopped === null) return;
  const closed = new Promise<void>((resolve) => void stopped.close(() => resolve()));
  stopped.closeAllConnections();
  await closed;
}

describe.each(USES)("%s", (_name, use) => {
  const to = (url: string, options: TargetOptions = {}): (() => Promise<SinkAnswer>) => {
    const { send, close } = use(url, options);
    closing.push(close);
    return send;
  };

  test.each([
    ["a private address", "http://10.0.0.1/"],
    ["one behind any port", "http://192.168.0.1:22/"],
    ["the cloud's metadata", "http://169.254.169.254/latest/meta-data/"],
    ["the same with a dot behind", "http://169.254.169.254./"],
    ["the same over TLS", "https://169.254.169.254/"],
    ["decimal", "http://2852039166/"],
    ["hexadecimal", "http://0xa9fea9fe/"],
    ["octal", "http://0251.0376.0251.0376/"],
    ["parts left out", "http://169.254.43518/"],
    ["mixed", "http://0xa9.254.0251.0xfe/"],
    ["other digits", "http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/"],
    ["other dots", "http://169。254。169。254/"],
    ["IPv6-mapped", "http://[::ffff:169.254.169.254]/"],
    ["IPv6-mapped in hexadecimal", "http://[::ffff:a9fe:a9fe]/"],
    ["IPv4-compatible", "http://[::169.254.169.254]/"],
    ["translated", "http://[::ffff:0:169.254.169.254]/"],
    ["NAT64", "http://[64:ff9b::169.254.169.254]/"],
    ["NAT64 of loopback", "http://[64:ff9b::127.0.0.1]/"],
    ["local NAT64", "http://[64:ff9b:1::a9fe:a9fe]/"],
    ["6to4", "http://[2002:a9fe:a9fe::]/"],
    ["Teredo", "http://[2001:0:a9fe:a9fe::]/"],
    ["IPv6 link-local", "http://[fe80::1]/"],
    ["IPv6 unique local", "http://[fd00:ec2::254]/"],
    ["unspecified", "http://0.0.0.0/"],
    ["unspecified, short", "http://0/"],
    ["unspecified IPv6", "http://[::]/"],
    ["shared address space", "http://100.100.100.200/"],
    ["multicast", "http://239.255.255.250/"],
    ["broadcast", "http://255.255.255.255/"],
    ["a user before it", "http://example.org@10.0.0.1/"],
    ["a password, and loopback", "http://user:pass@127.0.0.1/"],
    ["a file", "file:///etc/passwd"],
    ["another scheme", "gopher://127.0.0.1:6379/_INFO"],
    ["FTP", "ftp://127.0.0.1/"],
  ])("%s is refused", async (_form, url) => {
    expect(await to(url)()).toMatchObject({ status: "refused", code: null });
    expect(sockets).toEqual([]);
  });

  test.each([
    ["a name that resolves to a private address", ["10.0.0.1"]],
    ["to a mapped one", ["::ffff:169.254.169.254"]],
    ["to a scoped link-local one", ["fe80::1%lo"]],
    ["to a private one among public ones", ["93.184.216.34", "10.0.0.1"]],
  ])("%s is refused", async (_form, addresses) => {
    const send = to("http://inside.example/", { lookup: resolvesTo(addresses) });
    expect(await send()).toMatchObject({
      status: "refused",
      reason: expect.stringContaining("inside.example"),
    });
    expect(sockets).toEqual([]);
  });

  test("a private address is refused though the lookup calls it by the other family", async () => {
    expect(await to("http://inside.example/", { lookup: misnames })()).toMatchObject({ status: "refused" });
  });

  test.each([
    ["loopback", () => `http://127.0.0.1:${port}/`, []],
    ["loopback in decimal", () => `http://2130706433:${port}/`, []],
    ["loopback, short", () => `http://127.1:${port}/`, []],
    ["localhost", () => `http://localhost:${port}/`, ["127.0.0.1"]],
    ["localhost with a dot behind", () => `http://localhost.:${port}/`, ["127.0.0.1"]],
    ["a name of loopback", () => `http://hooks.example:${port}/`, ["127.0.0.1"]],
  ])("%s is reached", async (_form, url, addresses) => {
    expect(await to(url(), { lookup: resolvesTo(addresses) })()).toEqual({ status: "delivered" });
    expect(paths.length).toBeGreaterThan(0);
    // So that "none" elsewhere means something.
    expect(sockets.length).toBeGreaterThan(0);
  });

  test("a private address is reached where the configuration allows it", async () => {
    // The system takes 0.0.0.0 for this machine.
    const url = `http://0.0.0.0:${port}/`;
    expect(await to(url)()).toMatchObject({ status: "refused" });
    expect(await to(url, { allowPrivate: true })()).toEqual({ status: "delivered" });
  });

  test("a name is resolved once: what it resolves to later changes nothing", async () => {
    const send = to(`http://rebinds.example:${port}/`, {
      lookup: resolvesTo(["127.0.0.1"], ["169.254.169.254"]),
    });
    for (let round = 0; round < 3; round++) expect(await send()).toEqual({ status: "delivered" });
    expect(asked).toBe(1);
    expect(paths.every((path) => path.startsWith("rebinds.example"))).toBe(true);
  });

  test("after a failure a name is resolved and judged anew", async () => {
    const send = to(`http://rebinds.example:${port}/`, {
      lookup: resolvesTo(["127.0.0.1"], ["169.254.169.254"]),
    });
    expect(await send()).toEqual({ status: "delivered" });
    await stopServer();
    expect(await send()).toMatchObject({ status: "retry" });
    sockets.length = 0;
    expect(await send()).toMatchObject({ status: "refused" });
    expect(sockets).toEqual([]);
  });

  test.each(["http://169.254.169.254/latest/", "http://127.0.0.1:1/elsewhere", "//10.0.0.1/"])(
    "a redirect to %s is not followed",
    async (target) => {
      location = target;
      expect(await to(`http://127.0.0.1:${port}/`)()).toMatchObject({ status: "refused", code: 302 });
      const opened = sockets.length;
      await settled();
      expect(sockets).toHaveLength(opened);
      expect(paths.every((path) => path.startsWith(`127.0.0.1:${port} `))).toBe(true);
    },
  );

  test("a lookup that never answers is a failure in time, to be tried again", async () => {
    const answer = to("http://hangs.example/", { lookup: hangs })();
    await clock.advance(11_000);
    expect(await answer).toMatchObject({
      status: "retry",
      reason: expect.stringMatching(/no answer within \d+ s/),
    });
  });
});

test("private networks are reached with allowPrivateTargets alone", async () => {
  const url = `http://0.0.0.0:${port}/`;
  const answers = async (choice: { readonly allowPrivateTargets?: boolean }): Promise<readonly string[]> => {
    const [sink, carrier] = [sinkFor(clock, choice)(url), carrierFor(clock, choice)(webhookAt(url))];
    closing.push(
      () => sink.close(),
      () => carrier.close(),
    );
    return [
      (await sink.submit({ tile, key: "k", signal })).status,
      (await carrier.carry(stored, signal)).status,
    ];
  };
  expect(await answers({})).toEqual(["refused", "refused"]);
  expect(await answers({ allowPrivateTargets: true })).toEqual(["delivered", "delivered"]);
});

test.each(["ftp://example.org/", "file:///etc/passwd", "http://user:pass@example.org/", "example.org", ""])(
  "%s is refused where it is declared, for each of the outgoing URLs",
  (url) => {
    const names = { sessionName: "s", agentId: "a" };
    const refused = expect.objectContaining({ code: "invalid_argument" }) as Error;
    expect(() => new SessionManager({ ...names, platoUrl: url }, { store: "memory:" })).toThrow(refused);
    expect(() => new SessionManager({ ...names, h1RouterUrl: url }, { store: "memory:" })).toThrow(refused);
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    expect(() => makeWebhooks([{ url, events: ["session_ended"], secret }], {})).toThrow(refused);
  },
);
