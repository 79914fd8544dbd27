// The exchanges with one H1 router: its addresses are resolved once and pinned, no redirect is followed, an answer
// takes a second at most. After a failure it rests, longer each time, and is not asked meanwhile.
import { hash } from "node:crypto";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { backoffMs } from "../tile/backoff.ts";
import { agentFor, exchange } from "../tile/plato-request.ts";
import { pinned, resolveTarget, type TargetOptions } from "../tile/target.ts";

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
const SOCKETS_MAX = 4;

export class RouterClient {
  readonly #options: RouterClientOptions;
  readonly #base: URL;
  readonly #agent;
  readonly #closing = new AbortController();
  #lookup: Promise<ReturnType<typeof pinned>> | null = null;
  #failures = 0;
  /** On the monotonic clock. */
  #restsUntil = 0;
  #reason = "";

  constructor(options: RouterClientOptions) {
    this.#options = options;
    this.#base = new URL(options.url.replace(/\/*$/, "/"));
    this.#agent = agentFor(this.#base, SOCKETS_MAX);
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
      throw this.failed(reasonOf(error));
    }
  }

  /** Its answer was of no use: it rests. Answers what is to be thrown. */
  failed(reason: string): HolodeckError {
    const { clock, random } = this.#options;
    this.#lookup = null; // Whoever comes back may have another address.
    this.#reason = reason;
    this.#restsUntil = clock.monotonic() + backoffMs(this.#failures++, random);
    return this.#away(reason);
  }

  close(): void {
    this.#closing.abort(new Error("was left by this process"));
    this.#agent.destroy();
  }

  async #answerTo({ path, body, key = null }: RouterRequest): Promise<RouterAnswer> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const answered = new AbortController();
    const late = new AbortController();
    void clock
      .sleep(timeoutMs, answered.signal)
      .then(() => late.abort(new Error(`gives no answer within ${timeoutMs / 1_000} s`)));
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    const headers = {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      // A key may be longer than a header should be, and hold any character.
      ...(key !== null && { "idempotency-key": hash("sha256", key, "hex") }),
    };
    try {
      // The name's lookup takes part of the same second.
      const lookup = await unlessAborted(this.#resolved(), signal);
      const answer = await exchange({
        url: new URL(path, this.#base),
        method: body === undefined ? "GET" : "POST",
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        agent: this.#agent,
        lookup,
        signal,
      });
      return { status: answer.status, body: jsonOf(answer.body) };
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      answered.abort();
    }
  }

  #resolved(): Promise<ReturnType<typeof pinned>> {
    this.#lookup ??= resolveTarget(this.#base, this.#options).then(pinned);
    return this.#lookup;
  }

  #away(reason: string): HolodeckError {
    return new HolodeckError("server_unreachable", {
      what: `The H1 router ${this.#options.url} ${reason}.`,
      todo: "Start it, or leave `h1RouterUrl` out to route by the fleet in the store.",
    });
  }
}

async function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([value, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof HolodeckError && error.code === "denied")
    return `may not be asked: ${error.what.replace(/\.$/, "")}`;
  // A name with several addresses fails with one error for each, and says nothing itself.
  const one: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const text = one instanceof Error ? one.message : String(one);
  return /^(?:answers|gives|was) /.test(text) ? text : `is away (${text})`;
}
