// An application on a port: bounded in what it takes and for how long, and closed without cutting off who is being
// answered. Slow senders, idle connections and readers that do not read are cut.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { HolodeckError } from "../event/error.ts";
import { boundConnections } from "./connections.ts";
import { refuseAtDoor, type DoorRefusal } from "./door.ts";

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

export interface ServeOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
  /** Names that requests may come for, beside those of loopback. */
  readonly hosts?: readonly string[];
  /** How what is refused at the door is put, for what was asked for; null for plain `{error}`. */
  readonly problemFor?: (target: string, refusal: DoorRefusal) => Problem | null;
}

/** A body and its type. */
export interface Problem {
  readonly type: string;
  readonly text: string;
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
      if (!isTurnedAway(incoming, outgoing, { hosts, problemFor })) void answer(incoming, outgoing);
    },
  );
  server.setTimeout(limits.idleMs);
  boundConnections(server, limits.connections);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => endBroken(error, socket));
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => await close(server, limits.closeMs),
  };
}

/** For every answer: browsers take nothing for a page or a script that is not sent as one, and keep nothing. */
function setSafeHeaders(outgoing: ServerResponse): void {
  outgoing.setHeader("x-content-type-options", "nosniff");
  outgoing.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  outgoing.setHeader("cross-origin-resource-policy", "same-origin");
  outgoing.setHeader("cache-control", "no-store");
}

function isTurnedAway(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { hosts, problemFor }: Required<Pick<ServeOptions, "hosts" | "problemFor">>,
): boolean {
  const { method = "", url: target = "", rawHeaders } = incoming;
  const refusal = refuseAtDoor({ method, target, rawHeaders, hosts });
  if (refusal === null) return false;
  // Closed, since its body will not be read.
  const plain = { type: "application/json", text: JSON.stringify({ error: refusal.error }) };
  const { type, text } = problemFor(target, refusal) ?? plain;
  outgoing.writeHead(refusal.status, { "content-type": type, connection: "close" });
  outgoing.end(text);
  return true;
}

const BROKEN: Readonly<Record<string, readonly [status: string, error: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "The request's head is too large."],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request took too long to arrive."],
};

/** What came is no HTTP, or came too slowly. */
function endBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, text] = BROKEN[error.code ?? ""] ?? ["400 Bad Request", "The request is not sound HTTP."];
  const body = JSON.stringify({ error: text });
  socket.write(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
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

async function close(server: Server, closeMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  const over = new AbortController();
  const patience = delay(closeMs, undefined, { signal: over.signal }).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  // A connection that was busy when closing began is idle once it is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(sweep);
  over.abort();
  await patience;
}
