// An application on a port: bounded in what it takes and for how long, and closed without cutting off who is being
// answered. Slow senders, idle connections and readers that do not read are cut.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { HolodeckError } from "../event/error.ts";
import { boundConnections, type Connections } from "./connections.ts";
import { answerTheRest, isTurnedAway, setSafeHeaders, type DoorOptions } from "./turned-away.ts";

export interface Limits {
  /** How long a request may take to arrive, head and body, in milliseconds. */
  readonly requestMs: number;
  /** How long a connection may be without any byte, in milliseconds. */
  readonly idleMs: number;
  /** One more takes the place of the one that has waited longest without a request. */
  readonly connections: number;
  /** How long closing waits for answers under way, in milliseconds. */
  readonly closeMs: number;
}

const LIMITS: Limits = { requestMs: 10_000, idleMs: 30_000, connections: 2_000, closeMs: 6_000 };

const HEADER_BYTES_MAX = 16 * 1024;

export interface ServeOptions extends Partial<DoorOptions> {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
}

export interface Served {
  readonly port: number;
  /** Takes nothing new, waits for what is under way as long as the limits say, and cuts the rest. */
  close(): Promise<void>;
}

/** Resolves once the port is open. Throws `address_in_use`, or `unsupported` when it cannot be opened. */
export async function serve({
  fetch,
  host,
  port,
  limits: own = {},
  hosts = [],
  problemFor = () => null,
}: ServeOptions): Promise<Served> {
  const limits = { ...LIMITS, ...own };
  const door = { hosts, problemFor };
  // With the framework's own light `Request` and `Response`: half of what an answer costs it otherwise.
  const answer = getRequestListener(fetch);
  const server = createServer(
    {
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(1_000, Math.ceil(limits.requestMs / 4)),
      keepAliveTimeout: Math.min(5_000, limits.idleMs),
      maxHeaderSize: HEADER_BYTES_MAX,
      // The door says so, in words.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      setSafeHeaders(outgoing);
      if (!isTurnedAway(incoming, outgoing, door)) void answer(incoming, outgoing);
    },
  );
  server.setTimeout(limits.idleMs);
  const connections = boundConnections(server, limits.connections);
  answerTheRest(server, door);
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => await close(server, connections, limits.closeMs),
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, resolve);
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const isTaken = code === "EADDRINUSE";
    throw new HolodeckError(isTaken ? "address_in_use" : "unsupported", {
      what: isTaken
        ? `Port ${port} of ${host} is taken.`
        : `Port ${port} of ${host} cannot be opened (${code}).`,
      todo: isTaken ? "Stop who has it, or choose another port." : "Choose another port or host.",
      cause,
    });
  }
}

async function close(server: Server, connections: Connections, closeMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  const over = new AbortController();
  const patience = delay(closeMs, undefined, { signal: over.signal }).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  // A connection that was busy when closing began is idle once it is answered. One that was opened before, and on which
  // nothing has come until the first look, is not waited for: clients that gave up a request leave such behind.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    connections.endSilent();
  }, 50);
  await closed;
  clearInterval(sweep);
  over.abort();
  await patience;
}
