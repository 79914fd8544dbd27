// A PLATO server for tests, on a real port: it takes tiles as spec/wire.md §1 says, can be stopped and started again
// with what it has, and does what a script says instead.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Tile } from "../tile/tile.ts";

export interface PlatoSubmission {
  readonly key: string;
  readonly tile: Tile;
}

/**
 * What becomes of a submission: it is taken in and answered; taken in and its answer lost; left without an answer; or
 * answered with a status and nothing else.
 */
export type PlatoScript =
  | "accept"
  | "lose_answer"
  | "hang"
  | { readonly status: number; readonly reason?: string; readonly retryAfter?: string };

export interface TestPlatoOptions {
  /** False: it takes text alone, of 20 to 5,000 characters, and knows no keys: its gate judges duplicates. */
  readonly acceptsObjects?: boolean;
}

export class TestPlato {
  /** Tiles that had an effect, in the order they had it. */
  readonly tiles: PlatoSubmission[] = [];
  /** Keys of every submission that came in, repeated ones too. */
  readonly submissions: string[] = [];
  statusRequests = 0;
  acceptsObjects: boolean;
  script: (submission: PlatoSubmission) => PlatoScript = () => "accept";
  #server: Server | null = null;
  #port = 0;

  constructor({ acceptsObjects = true }: TestPlatoOptions = {}) {
    this.acceptsObjects = acceptsObjects;
  }

  /** On the port it had before, else on a free one. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Cuts every connection, answered or not. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The questions of the tiles it has, in order. */
  get questions(): readonly string[] {
    return this.tiles.map(({ tile }) => tile.question);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.url === "/status") {
        this.statusRequests += 1;
        const accepts = this.acceptsObjects ? { accepts_object_answers: true } : {};
        return answer(response, 200, { status: "active", ...accepts });
      }
      if (request.url !== "/submit") return answer(response, 404, { error: "unknown" });
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const key = String(request.headers["idempotency-key"]);
      this.#submit({ key, tile: JSON.parse(body) as Tile }, response);
    } catch {
      response.destroy();
    }
  }

  #submit(submission: PlatoSubmission, response: ServerResponse): void {
    this.submissions.push(submission.key);
    const scripted = this.script(submission);
    if (scripted === "hang") return;
    if (typeof scripted === "object") {
      const { status, reason = "scripted", retryAfter } = scripted;
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      return answer(response, status, { status: "rejected", reason, gate: "P0" });
    }
    const refusal = this.#take(submission);
    if (scripted === "lose_answer") response.destroy();
    else if (refusal === null) answer(response, 200, { status: "accepted" });
    else answer(response, 403, { status: "rejected", reason: refusal, gate: "P0" });
  }

  /** Takes a tile in, or says why not. */
  #take(submission: PlatoSubmission): string | null {
    const { key, tile } = submission;
    if (this.acceptsObjects) {
      if (!this.tiles.some((one) => one.key === key)) this.tiles.push(submission);
      return null;
    }
    const text = tile.answer;
    if (typeof text !== "string" || text.length < 20 || text.length > 5_000) return "answer length";
    const same = this.tiles.some(({ tile: one }) => one.question === tile.question && one.answer === text);
    if (same) return "Duplicate tile";
    this.tiles.push(submission);
    return null;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
