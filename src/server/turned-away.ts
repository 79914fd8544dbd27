// What is answered without the application: what is refused at the door, what Node would answer by itself, and what is
// no HTTP. All of it in words, in the form of who was asked.
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { EXPECTATION, refuseAtDoor, TUNNEL, type DoorRefusal } from "./door.ts";

/** A body and its type. */
export interface Problem {
  readonly type: string;
  readonly text: string;
}

export interface DoorOptions {
  /** Names that requests may come for, beside those of loopback. */
  readonly hosts: readonly string[];
  /** How what is refused at the door is put, for what was asked for; null for plain `{error}`. */
  readonly problemFor: (target: string, refusal: DoorRefusal) => Problem | null;
}

/** Answers what may not come in. */
export function isTurnedAway(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: DoorOptions,
): boolean {
  const refusal = refusalOf(incoming, options);
  if (refusal === null) return false;
  turnAway(incoming, outgoing, refusal, options);
  return true;
}

/** Lets no request be answered by Node itself: it does so in bare text. */
export function answerTheRest(server: Server, options: DoorOptions): void {
  server.on("checkExpectation", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    setSafeHeaders(outgoing);
    turnAway(incoming, outgoing, refusalOf(incoming, options) ?? EXPECTATION, options);
  });
  server.on("connect", (_: IncomingMessage, socket: Duplex) => {
    // Node has let go of the socket: what goes wrong with it is told to nobody else.
    socket.on("error", () => socket.destroy());
    endWith(socket, TUNNEL.status, errorOf(TUNNEL));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => endBroken(error, socket));
}

/** For every answer: browsers take nothing for a page or a script that is not sent as one, and keep nothing. */
export function setSafeHeaders(outgoing: ServerResponse): void {
  outgoing.setHeader("x-content-type-options", "nosniff");
  outgoing.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  outgoing.setHeader("cross-origin-resource-policy", "same-origin");
  outgoing.setHeader("cache-control", "no-store");
}

function refusalOf({ method = "", url: target = "", rawHeaders }: IncomingMessage, { hosts }: DoorOptions) {
  return refuseAtDoor({ method, target, rawHeaders, hosts });
}

function turnAway(
  { url: target = "" }: IncomingMessage,
  outgoing: ServerResponse,
  refusal: DoorRefusal,
  { problemFor }: DoorOptions,
): void {
  const plain = { type: "application/json", text: JSON.stringify({ error: errorOf(refusal) }) };
  const { type, text } = problemFor(target, refusal) ?? plain;
  // Closed, since its body will not be read.
  outgoing.writeHead(refusal.status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  outgoing.end(text);
}

function errorOf({ what, todo }: Pick<DoorRefusal, "what" | "todo">): string {
  return `${what} ${todo}`;
}

const BROKEN: Readonly<Record<string, readonly [status: number, error: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's head is too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request took too long to arrive."],
};

/** What came is no HTTP, or came too slowly. */
function endBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") socket.destroy();
  else endWith(socket, ...(BROKEN[error.code ?? ""] ?? [400, "The request is not sound HTTP."]));
}

function endWith(socket: Duplex, status: number, error: string): void {
  const body = JSON.stringify({ error });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json`;
  socket.end(
    `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
