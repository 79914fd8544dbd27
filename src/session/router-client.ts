// The exchanges with one H1 router: its addresses are resolved once and pinned, no redirect is followed, an answer
// takes a second at most. After a failure it rests, longer each time, and is not asked meanwhile.
import { hash } from "node:crypto";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { backoffMs } from "../tile/backoff.ts";
import { Endpoint, reasonOf } from "../tile/endpoint.ts";
import type { TargetOptions } from "../tile/target.ts";

export interface RouterClientOptions extends TargetOptions {
  /** A path in it stays before the endpoints'. */
  readonly url: string;
  readonly clock: Clock;
  /** From 0 to 1, for the jitter between tries. */
  readonly random: () => number;
  /** How long an answer may take, milliseconds. Default 1,000. */
  readonly timeoutMs?: number;
}

export interface RouterRequest {
  readonly path: string;
  /** Absent for a GET. */
  readonly body?: object;
  /** Sent as `Idempotency-Key`, for servers that know it. */
  readonly key?: string | null;
}

export interface RouterAnswer {
  readonly status: number;
  /** What its body says; null when it is no JSON. */
  readonly body: unknown;
}

const TIMEOUT_MS = 1_000;

export class RouterClient {
  readonly #options: RouterClientOptions;
  readonly #endpoint: Endpoint;
  #failures = 0;
  /** On the monotonic clock. */
  #restsUntil = 0;
  #reason = "";

  constructor(options: RouterClientOptions) {
    this.#options = options;
    const url = new URL(options.url.replace(/\/*$/, "/"));
    this.#endpoint = new Endpoint({ timeoutMs: TIMEOUT_MS, ...options, url });
  }

  /** Throws `server_unreachable` when there is no answer in time, or one that says it cannot answer. */
  async ask(request: RouterRequest): Promise<RouterAnswer> {
    const { clock } = this.#options;
    if (clock.monotonic() < this.#restsUntil)
      throw this.#away(`${this.#reason}; it rests until its next try`);
    try {
      const answer = await this.#answerTo(request);
      const { status } = answer;
      if (status >= 500 || status === 429 || status === 408) throw new Error(`answers HTTP ${status}`);
      if (status >= 300 && status < 400)
        throw new Error(`answers HTTP ${status}, and redirects are not followed`);
      this.#failures = 0;
      return answer;
    } catch (error) {
      throw this.failed(toldOf(error));
    }
  }

  /** Its answer was of no use: it rests. Answers what is to be thrown. */
  failed(reason: string): HolodeckError {
    const { clock, random } = this.#options;
    this.#endpoint.forget();
    this.#reason = reason;
    this.#restsUntil = clock.monotonic() + backoffMs(this.#failures++, random);
    return this.#away(reason);
  }

  close(): void {
    this.#endpoint.close();
  }

  async #answerTo({ path, body, key = null }: RouterRequest): Promise<RouterAnswer> {
    const headers = {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      // A key may be longer than a header should be, and hold any character.
      ...(key !== null && { "idempotency-key": hash("sha256", key, "hex") }),
    };
    const answer = await this.#endpoint.request({
      path,
      method: body === undefined ? "GET" : "POST",
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: jsonOf(answer.body) };
  }

  #away(reason: string): HolodeckError {
    return new HolodeckError("server_unreachable", {
      what: `The H1 router ${this.#options.url} ${reason}.`,
      todo: "Start it, or leave `h1RouterUrl` out to route by the fleet in the store.",
    });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toldOf(error: unknown): string {
  if (error instanceof HolodeckError && error.code === "denied")
    return `may not be asked: ${error.what.replace(/\.$/, "")}`;
  const reason = reasonOf(error);
  if (reason.startsWith("no answer within ")) return `gives ${reason}`;
  return reason.startsWith("answers ") ? reason : `is away (${reason})`;
}
