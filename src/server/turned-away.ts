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
  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex) => {
    // Node has let go of the socket: what goes wrong with it is told to nobody else.
    socket.on("error", () => socket.destroy());
    endWith(socket, TUNNEL.status, problemOf(url, TUNNEL, options), "allow: GET, POST, DELETE\r\n");
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
  { url = "" }: IncomingMessage,
  outgoing: ServerResponse,
  refusal: DoorRefusal,
  options: DoorOptions,
): void {
  const { type, text } = problemOf(url, refusal, options);
  // Closed, since its body will not be read.
  outgoing.writeHead(refusal.status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  outgoing.end(text);
}

function problemOf(target: string, refusal: DoorRefusal, { problemFor }: DoorOptions): Problem {
  return problemFor(target, refusal) ?? plain(`${refusal.what} ${refusal.todo}`);
}

function plain(error: string): Problem {
  return { type: "application/json", text: JSON.stringify({ error }) };
}

const BROKEN: Readonly<Record<string, readonly [status: number, error: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's head is too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request took too long to arrive."],
};

/** What came is no HTTP, or came too slowly. */
function endBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  const [status, text] = BROKEN[error.code ?? ""] ?? [400, "The request is not sound HTTP."];
  if (!socket.writable || error.code === "ECONNRESET") socket.destroy();
  else endWith(socket, status, plain(text));
}

function endWith(socket: Duplex, status: number, { type, text }: Problem, headers = ""): void {
  const about = `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n${headers}`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${about}connection: close\r\n\r\n`;
  socket.end(head + text, () => socket.destroy());
}
