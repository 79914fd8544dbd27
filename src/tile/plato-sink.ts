// Sends tiles to one PLATO server, in the form it takes them. What the server is like is asked once, and again after
// it was away: another may have come back.
import { hash } from "node:crypto";
import type { Clock } from "../event/clock.ts";
import { Endpoint, failureAnswer } from "./endpoint.ts";
import { sinkAnswerOf } from "./sink-answer.ts";
import type { SinkAnswer, Submission, TileSink } from "./sink.ts";
import type { TargetOptions } from "./target.ts";
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

export class PlatoSink implements TileSink {
  readonly #options: PlatoSinkOptions;
  readonly #endpoint: Endpoint;
  /** Whether it takes objects; null until it has been asked. */
  #takesObjects: Promise<boolean> | null = null;

  constructor(options: PlatoSinkOptions) {
    this.#options = options;
    this.#endpoint = new Endpoint({ ...options, url: new URL(options.url.replace(/\/*$/, "/")) });
  }

  async submit({ tile, key, signal }: Submission): Promise<SinkAnswer> {
    const asked = (this.#takesObjects ??= this.#ask());
    try {
      const body = JSON.stringify((await asked) ? tile : asText(tile));
      const headers = {
        ...this.#credentials(),
        "content-type": "application/json",
        "idempotency-key": key,
      };
      const answer = await this.#endpoint.request({ path: "submit", method: "POST", headers, body, signal });
      return sinkAnswerOf(answer, this.#options.clock.now());
    } catch (error) {
      if (this.#takesObjects === asked) this.#takesObjects = null;
      return failureAnswer(error);
    }
  }

  close(): void {
    this.#endpoint.close();
  }

  /** A server that has no `/status`, or says nothing of objects, takes text. Rejects while it is away. */
  async #ask(): Promise<boolean> {
    const headers = this.#credentials();
    const answer = await this.#endpoint.request({ path: "status", method: "GET", headers });
    if (answer.status >= 500 || answer.status === 401 || answer.status === 429 || answer.status === 408) {
      throw new Error(`/status answers HTTP ${answer.status}`);
    }
    return answer.status < 300 && acceptsObjects(answer.body);
  }

  #credentials(): Readonly<Record<string, string>> {
    const { apiKey = null } = this.#options;
    return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
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
