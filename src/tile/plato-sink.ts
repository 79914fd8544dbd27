// Sends tiles to one PLATO server, in the form it takes them. What the server is like is asked once, and again after
// it was away: another may have come back.
import { hash } from "node:crypto";
import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { agentFor, exchange } from "./plato-request.ts";
import { sinkAnswerOf, type HttpAnswer } from "./sink-answer.ts";
import type { SinkAnswer, Submission, TileSink } from "./sink.ts";
import { pinned, resolveTarget, type TargetOptions } from "./target.ts";
import { textAnswer } from "./text-answer.ts";
import type { Tile } from "./tile.ts";

export interface PlatoSinkOptions extends TargetOptions {
  /** The server's address; a path in it stays before `/submit`. */
  readonly url: string;
  readonly clock: Clock;
  /** Sent as `Authorization: Bearer`, for servers that ask for a key. */
  readonly apiKey?: string | null;
  /** How long a request may take, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

interface Server {
  readonly lookup: LookupFunction;
  readonly takesObjects: boolean;
}

const TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 4;

export class PlatoSink implements TileSink {
  readonly #options: PlatoSinkOptions;
  readonly #base: URL;
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  /** Null until it has been asked what it is like. */
  #server: Promise<Server> | null = null;

  constructor(options: PlatoSinkOptions) {
    this.#options = options;
    this.#base = new URL(options.url.replace(/\/*$/, "/"));
    this.#agent = agentFor(this.#base, SOCKETS_MAX);
  }

  async submit({ tile, key, signal }: Submission): Promise<SinkAnswer> {
    const { clock } = this.#options;
    const asked = (this.#server ??= this.#ask());
    try {
      const { lookup, takesObjects } = await asked;
      const body = JSON.stringify(takesObjects ? tile : asText(tile));
      const headers = {
        ...this.#credentials(),
        "content-type": "application/json",
        "idempotency-key": key,
      };
      const answer = await this.#exchange({ path: "submit", method: "POST", headers, body }, lookup, signal);
      return sinkAnswerOf(answer, clock.now());
    } catch (error) {
      if (this.#server === asked) this.#server = null;
      if (error instanceof HolodeckError && error.code === "denied") {
        return { status: "refused", reason: error.message, code: null };
      }
      return { status: "retry", reason: reasonOf(error), afterMs: null };
    }
  }

  close(): void {
    this.#closing.abort(new Error("the sender was closed"));
    this.#agent.destroy();
  }

  /** A server that has no `/status`, or says nothing of objects, takes text. Rejects while it is away. */
  async #ask(): Promise<Server> {
    const lookup = pinned(await resolveTarget(this.#base, this.#options));
    const headers = this.#credentials();
    const answer = await this.#exchange(
      { path: "status", method: "GET", headers },
      lookup,
      this.#closing.signal,
    );
    if (answer.status >= 500 || answer.status === 401 || answer.status === 429 || answer.status === 408) {
      throw new Error(`/status answers HTTP ${answer.status}`);
    }
    return { lookup, takesObjects: answer.status < 300 && acceptsObjects(answer.body) };
  }

  #credentials(): Readonly<Record<string, string>> {
    const { apiKey = null } = this.#options;
    return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  }

  async #exchange(
    {
      path,
      ...request
    }: {
      readonly path: string;
      readonly method: "GET" | "POST";
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    },
    lookup: LookupFunction,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const answered = new AbortController();
    const late = new AbortController();
    const tooLate = new Error(`no answer within ${timeoutMs / 1_000} s`);
    void clock.sleep(timeoutMs, answered.signal).then(() => late.abort(tooLate));
    try {
      return await exchange({
        ...request,
        url: new URL(path, this.#base),
        agent: this.#agent,
        lookup,
        signal: AbortSignal.any([signal, late.signal, this.#closing.signal]),
      });
    } catch (error) {
      // Node reports an abort as its own error and keeps the reason aside.
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      answered.abort();
    }
  }
}

function asText(tile: Tile): Tile {
  return { ...tile, answer: textAnswer(tile.answer, hash("sha256", JSON.stringify(tile), "hex")) };
}

function acceptsObjects(body: string): boolean {
  try {
    const status: unknown = JSON.parse(body);
    return (
      typeof status === "object" && status !== null && Reflect.get(status, "accepts_object_answers") === true
    );
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  // A name with several addresses fails with one error for each, and says nothing itself.
  const one: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return one instanceof Error ? one.message : String(one);
}
