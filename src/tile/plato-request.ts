// One HTTP exchange with a server that is not trusted: no redirect is followed, and no more than the beginning of its
// answer is read.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { HttpAnswer } from "./sink-answer.ts";

export interface PlatoRequest {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent: HttpAgent;
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
}

const BODY_BYTES_MAX = 64 * 1024;

/** Connections that are kept for the next tile; idle ones keep no process alive. */
export function agentFor(url: URL, socketsMax: number): HttpAgent {
  const options = { keepAlive: true, maxSockets: socketsMax };
  return url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
}

/** Rejects when there is no whole answer: refused, reset, or aborted. */
export async function exchange({
  url,
  method,
  headers = {},
  body,
  ...rest
}: PlatoRequest): Promise<HttpAnswer> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return await new Promise<HttpAnswer>((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, ...length }, ...rest }, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the connection: whoever sends more has been heard enough.
  for await (const chunk of response) {
    const part = chunk as Buffer;
    chunks.push(part);
    bytes += part.length;
    if (bytes >= BODY_BYTES_MAX) break;
  }
  const body = Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString();
  return { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] ?? null, body };
}
