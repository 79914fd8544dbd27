// Our own PLATO application for tests, on memory, called as a function.
import type { Hono } from "hono";
import { platoApp } from "../server/plato.ts";
import type { ServerEnv } from "../server/principal.ts";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "./test-clock.ts";

export interface Answer {
  readonly status: number;
  readonly body: Body;
}

export interface Body extends Readonly<Record<string, unknown>> {
  readonly next: string | null;
  readonly tiles: readonly TileRead[];
  readonly results: readonly TileRead[];
  readonly details: readonly Readonly<Record<string, unknown>>[];
}

export interface TileRead extends Readonly<Record<string, unknown>> {
  readonly question: string;
  readonly state: string;
}

/** A tile that passes the gate. */
export const TILE = { domain: "hall", question: "what is it?", answer: "twenty characters, a few" };

/** A PLATO application on a store in memory and a clock that stands still, called without a port. */
export class PlatoCaller {
  readonly store = new MemoryStore();
  readonly clock = new TestClock();
  readonly reported: unknown[] = [];
  readonly app: Hono<ServerEnv> = platoApp({
    store: this.store,
    moment: () => ({ now: this.clock.now(), boot: this.clock.boot() }),
    version: "1.2.3",
    report: (error) => this.reported.push(error),
  });

  async get(path: string): Promise<Answer> {
    return await answerOf(await this.app.request(path));
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return await answerOf(await this.app.request(path, { method: "POST", body: text, headers }));
  }

  async submit(change: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.post("/submit", { ...TILE, ...change }, headers);
  }
}

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: (await response.json()) as Body };
}
