// Requests to a server: with the key, once in effect, tried again while that can help, and their refusals as errors.
import type { Clock } from "../event/clock.ts";
import { HolodeckError, type ErrorCode } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import { checkText, checkUrl, invalid } from "../session/input.ts";

/** Which server, and how it is asked. */
export interface ServerChoice {
  /** Its address, http or https: `http://localhost:8848`. */
  readonly url: string;
  /** What opens it. Sent as a header alone, never in an address. */
  readonly apiKey?: string;
  /** How long what may pass (no connection, a busy store) is tried again, in seconds. Default 10; 0 asks once. */
  readonly retrySeconds?: number;
}

/** What an answer that is a problem says (RFC 9457). */
interface Problem {
  readonly code?: ErrorCode;
  readonly detail?: string;
  readonly todo?: string;
  readonly retryable?: boolean;
}

/** How long an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 60_000;

const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 2_000;

export class Connection {
  readonly url: string;
  readonly #apiKey: string | null;
  readonly #retryMs: number;
  readonly #clock: Clock;

  /** Throws `invalid_argument` for an address or a key that is none. */
  constructor({ url, apiKey, retrySeconds = 10 }: ServerChoice, clock: Clock) {
    this.url = checkUrl(url, "url").replace(/\/+$/, "");
    // Headers take no other characters, and what was refused must not be shown.
    if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey))
      throw invalid("apiKey", {}, "Pass the key as `holodeck key new` printed it, or leave it out.");
    if (!(retrySeconds >= 0)) throw invalid("retrySeconds", retrySeconds, "Pass seconds from 0 on.");
    this.#apiKey = apiKey ?? null;
    this.#retryMs = retrySeconds * 1_000;
    this.#clock = clock;
  }

  async get(path: string): Promise<JsonObject> {
    const response = await this.#ask(path, {});
    return (await response.json()) as JsonObject;
  }

  async bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#ask(path, {})).arrayBuffer());
  }

  /** Has its effect once, however often it must be sent. `key` makes that hold for repeats of this call too. */
  async post(path: string, body: object, key: string | null = null): Promise<JsonObject> {
    const response = await this.#ask(path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "idempotency-key": key === null ? randomKey() : checkKey(key),
      },
      body: JSON.stringify(body),
    });
    return (await response.json()) as JsonObject;
  }

  /** A stream that lasts: asked for once, its refusal thrown. */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    return await refused(await this.#send(path, { headers, signal }));
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const began = this.#clock.monotonic();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, PAUSE_MS_MAX)) {
      try {
        return await refused(await this.#send(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) }));
      } catch (error) {
        const isOver = this.#clock.monotonic() - began + pause > this.#retryMs;
        if (isOver || !(error instanceof Passing)) throw error;
        await this.#clock.sleep(pause);
      }
    }
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#apiKey !== null) headers.set("authorization", `Bearer ${this.#apiKey}`);
    try {
      // A key is not carried on to where an answer points.
      return await fetch(`${this.url}${path}`, { ...init, headers, redirect: "error" });
    } catch (cause) {
      throw new Passing("server_unreachable", {
        what: `The server ${this.url} cannot be reached${reasonOf(cause)}.`,
        todo: "Check the address, and that `holodeck up` runs there.",
        cause,
      });
    }
  }
}

/** Trying again may help. */
class Passing extends HolodeckError {}

async function refused(response: Response): Promise<Response> {
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const { code = "server_unreachable", detail, todo, retryable = response.status === 503 } = problem;
  const text = {
    what: detail ?? `${response.url} answers ${response.status}, which no Holodeck server does.`,
    todo: todo ?? "Check the address.",
  };
  throw retryable ? new Passing(code, text) : new HolodeckError(code, text);
}

function reasonOf(cause: unknown): string {
  const inner: unknown = cause instanceof Error ? (cause.cause ?? cause) : cause;
  const code = typeof inner === "object" && inner !== null && "code" in inner ? inner.code : null;
  return typeof code === "string" ? ` (${code})` : "";
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a header can carry. */
function checkKey(key: string): string {
  const text = checkText(key.slice(0, 256), "idempotencyKey");
  if (/^[\x20-\x7e]+$/.test(text) && key.length <= 255) return text;
  throw invalid(
    "idempotencyKey",
    key,
    "Over HTTP a key and its session's id have 255 plain characters at most.",
  );
}
