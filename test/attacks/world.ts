// Where the attacks take place: the whole server on real ports over a store in memory. After each attack it must
// still answer, and nobody may have found an error in it.
import { deepEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { KeyRing, type NewKeyOptions } from "../../src/server/key-ring.ts";
import { startServer, type RunningServer, type ServerOptions } from "../../src/server/main.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/port.ts";
import { TestClock } from "../../src/testing/test-clock.ts";
import { TILE } from "../../src/testing/plato-caller.ts";
import { sendRaw, statusIn } from "../raw-http.ts";

/** Which of the two ports. */
export type Port = "main" | "router";

/** A way in: where a request may be sent that would be answered with 200 or 201 if it were sound. */
export interface Way {
  readonly port: Port;
  readonly path: string;
  /** For a POST: a body that would be taken. */
  readonly body?: object;
}

/** One of each application: PLATO, /v1, live streams, fleets on both ports, the router. */
export const READS: readonly Way[] = [
  { port: "main", path: "/rooms" },
  { port: "main", path: "/v1/sessions" },
  { port: "main", path: "/v1/events" },
  { port: "main", path: "/v1/fleet" },
  { port: "router", path: "/status" },
  { port: "router", path: "/v1/fleet" },
];

export const WRITES: readonly Way[] = [
  { port: "main", path: "/submit", body: TILE },
  { port: "main", path: "/room/hall/tile", body: TILE },
  { port: "main", path: "/submit_batch", body: { tiles: [TILE] } },
  { port: "main", path: "/v1/sessions", body: { session_name: "s", agent_id: "a" } },
  { port: "main", path: "/v1/fleet/agents", body: { agent_id: "a" } },
  { port: "router", path: "/route", body: { task_id: "t" } },
  { port: "router", path: "/register/agent", body: { agent_id: "a" } },
];

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text or bytes, else as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
}

export class World {
  readonly store: Store;
  readonly clock: TestClock;
  readonly server: RunningServer;
  readonly #reported: readonly unknown[];
  #key: string | null = null;

  private constructor(parts: Pick<World, "store" | "clock" | "server">, reported: readonly unknown[]) {
    this.store = parts.store;
    this.clock = parts.clock;
    this.server = parts.server;
    this.#reported = reported;
  }

  static async open(change: Partial<ServerOptions> = {}): Promise<World> {
    const { store = new MemoryStore() } = change;
    const clock = new TestClock();
    const reported: unknown[] = [];
    const report = (error: unknown): void => void reported.push(error);
    const ports = { port: 0, routerPort: 0 };
    const server = await startServer({ ...change, store, clock, ...ports, version: "1", report });
    return new World({ store, clock, server }, reported);
  }

  /** From the first key on the server asks for one. */
  async key(options: NewKeyOptions): Promise<string> {
    const moment = () => ({ now: this.clock.now(), boot: this.clock.boot() });
    const key = await new KeyRing({ store: this.store, moment }).create(options);
    this.#key ??= key;
    return key;
  }

  portOf(port: Port): number {
    return port === "main" ? this.server.port : this.server.routerPort;
  }

  async call(path: string, sent: Sent = {}, port: Port = "main"): Promise<Answered> {
    const { body, method = body === undefined ? "GET" : "POST", headers } = sent;
    const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(`http://127.0.0.1:${this.portOf(port)}${path}`, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
      redirect: "manual",
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** A head that no HTTP client would send, as it stands; the connection is closed after the answer. */
  async send(port: Port, head: readonly string[], body = ""): Promise<{ status: number; text: string }> {
    const all = `${head.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`;
    const text = await sendRaw(this.portOf(port), all);
    return { status: statusIn(text), text };
  }

  /** Throws when the server has been hurt, or its state is another than it is to be. */
  async close(expected?: string): Promise<void> {
    const headers = this.#key === null ? {} : { "x-api-key": this.#key };
    const health = (await this.call("/health", { headers })).status;
    const state = expected === undefined ? undefined : await this.state();
    await this.server.close();
    deepEqual({ health, state, reported: this.#reported }, { health: 200, state: expected, reported: [] });
  }

  async state(): Promise<string> {
    return await stateOf(this.store);
  }
}

/** A digest over the heads of all streams, and over how far the log has come. */
export async function stateOf(store: Store): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(await store.end()));
  for (let after: string | undefined; ;) {
    const { items, next } = await store.streams({
      page: { limit: 1_000, ...(after !== undefined && { after }) },
    });
    for (const stream of items) digest.update(JSON.stringify(await store.head({ stream })));
    if (next === null) return digest.digest("hex");
    after = next;
  }
}
