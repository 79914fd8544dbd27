// Our own H1 router for tests, on memory, called as a function.
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import { createRouter, type H1Router } from "../server/fleet/router.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { TestClock } from "./test-clock.ts";

export interface RouterAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects, and fails when it is not there
  readonly body: any;
  readonly text: string;
  readonly type: string;
}

/** An H1 router on a store in memory and a clock that stands still, called without a port. */
export class RouterCaller {
  readonly store: Store;
  readonly clock: TestClock;
  readonly reported: unknown[] = [];
  readonly router: H1Router;

  /** Another router on the same store and clock takes them from the first. */
  constructor({
    beside,
    settings = {},
  }: { readonly beside?: RouterCaller; readonly settings?: SettingsAsked } = {}) {
    this.store = beside?.store ?? new MemoryStore();
    this.clock = beside?.clock ?? new TestClock();
    this.router = createRouter({
      store: this.store,
      clock: this.clock,
      moment: () => ({ now: this.clock.now(), boot: this.clock.boot() }),
      settings,
      report: (error) => this.reported.push(error),
    });
  }

  async get(path: string): Promise<RouterAnswer> {
    return await answerOf(await this.router.app.request(path));
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<RouterAnswer> {
    return await this.send("POST", path, body, headers);
  }

  async send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<RouterAnswer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return await answerOf(await this.router.app.request(path, { method, body: text, headers }));
  }

  /** Agents without capabilities, by a word each. */
  async agents(...ids: readonly string[]): Promise<void> {
    for (const agent_id of ids) await this.post("/register/agent", { agent_id });
  }

  /** Undirected delegations, each `a b`. */
  async ties(...pairs: readonly string[]): Promise<void> {
    for (const pair of pairs) {
      const [a, b] = pair.split(" ");
      await this.post("/v1/fleet/edges", { a, b, kind: "delegation", directed: false });
    }
  }
}

async function answerOf(response: Response): Promise<RouterAnswer> {
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, body: type.includes("json") ? JSON.parse(text) : null, text, type };
}
