// A server elsewhere that is not trusted, and how it is spoken to: its addresses are judged and pinned before the first
// request, no redirect is followed, an answer has its time. After a failure the addresses are asked for and judged anew.
import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { agentFor, exchange } from "./plato-request.ts";
import type { HttpAnswer } from "./sink-answer.ts";
import type { SinkAnswer } from "./sink.ts";
import { pinned, resolveTarget, type TargetOptions } from "./target.ts";

export interface EndpointOptions extends TargetOptions {
  readonly url: URL;
  readonly clock: Clock;
  /** How long a request may take, the name's lookup included, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface EndpointRequest {
  /** Relative to the endpoint's URL; default that itself. */
  readonly path?: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 4;

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  #lookup: Promise<LookupFunction> | null = null;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#agent = agentFor(options.url, SOCKETS_MAX);
  }

  /** Throws `denied` for a target that may not be reached, else whatever kept it from answering whole and in time. */
  async request({ path, signal, ...request }: EndpointRequest): Promise<HttpAnswer> {
    const { url, clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const answered = new AbortController();
    const late = new AbortController();
    const tooLate = new Error(`no answer within ${timeoutMs / 1_000} s`);
    void clock.sleep(timeoutMs, answered.signal).then(() => late.abort(tooLate));
    const ends = [late.signal, this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const ended = AbortSignal.any(ends);
    try {
      return await exchange({
        ...request,
        url: path === undefined ? url : new URL(path, url),
        agent: this.#agent,
        lookup: await unlessAborted(this.#resolved(), ended),
        signal: ended,
      });
    } catch (error) {
      this.forget();
      // Node reports an abort as its own error and keeps the reason aside.
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      answered.abort();
    }
  }

  /** Resolves and judges its name anew at the next request: whoever comes back may have another address. */
  forget(): void {
    this.#lookup = null;
  }

  close(): void {
    this.#closing.abort(new Error("the sender was closed"));
    this.#agent.destroy();
  }

  async #resolved(): Promise<LookupFunction> {
    this.#lookup ??= resolveTarget(this.#options.url, this.#options).then(pinned);
    return await this.#lookup;
  }
}

/** What an exchange that failed means: a target that may not be reached stays so, all else is tried again. */
export function failureAnswer(error: unknown): SinkAnswer {
  if (error instanceof HolodeckError && error.code === "denied") {
    return { status: "refused", reason: error.message, code: null };
  }
  return { status: "retry", reason: reasonOf(error), afterMs: null };
}

export function reasonOf(error: unknown): string {
  // A name with several addresses fails with one error for each, and says nothing itself.
  const one: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return one instanceof Error ? one.message : String(one);
}

/** A lookup of the system's cannot be ended; whoever waits for it can be. */
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
