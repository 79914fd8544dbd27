// Our own /v1 application for tests, on memory, called as a function. Every answer is held to its endpoint's schema.
import type { Hono } from "hono";
import type { Principal, ServerEnv } from "../server/principal.ts";
import { createRouter } from "../server/fleet/router.ts";
import { liveApp } from "../server/live.ts";
import { ENDPOINTS, v1App } from "../server/v1/app.ts";
import { problem } from "../server/v1/answers.ts";
import type { Endpoint } from "../server/v1/endpoint.ts";
import type { SessionManager } from "../session/manager.ts";
import type { ManagerPorts } from "../session/ports.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { TestClock } from "./test-clock.ts";
import { testManager, testProcesses } from "./test-manager.ts";

/** What tests read most. */
export interface V1Body extends Readonly<Record<string, unknown>> {
  readonly session_id: string;
  readonly task_id: string;
  readonly next_page_token: string | null;
  readonly code: string;
  readonly errors: readonly { readonly field: string }[];
  readonly sessions: readonly { readonly session_id: string }[];
}

/** What was answered. */
export interface V1Answer {
  readonly status: number;
  readonly body: V1Body;
  readonly text: string;
  readonly headers: Headers;
}

export interface V1CallerOptions {
  readonly store?: Store;
  readonly clock?: TestClock;
  readonly processes?: ManagerPorts["processes"];
  readonly random?: ManagerPorts["random"];
  readonly router?: ManagerPorts["router"];
  /** Who asks, unless a call says so itself. Default this machine's operator. */
  readonly principal?: Principal;
  readonly isReady?: () => boolean;
}

export class V1Caller {
  readonly store: Store;
  readonly clock: TestClock;
  readonly manager: SessionManager;
  readonly reported: unknown[] = [];
  readonly app: Hono<ServerEnv>;
  /** Of the requests that follow; undefined for this machine's operator. */
  principal: Principal | undefined;

  constructor(options: V1CallerOptions = {}) {
    const { store = new MemoryStore(), clock = new TestClock(), processes = testProcesses() } = options;
    const { random, router, isReady } = options;
    this.store = store;
    this.clock = clock;
    this.principal = options.principal;
    const ports = {
      openStore: async () => await Promise.resolve(store),
      leavesStoreOpen: true,
      processes,
      clock,
      ...(random !== undefined && { random }),
      ...(router !== undefined && { router }),
    };
    this.manager = testManager({}, ports).manager;
    const report = (error: unknown): void => void this.reported.push(error);
    const live = liveApp({ store, clock, report });
    const moment = () => ({ now: clock.now(), boot: clock.boot() });
    const h1 = createRouter({ store, clock, moment, report });
    this.app = v1App({
      manager: this.manager,
      store,
      clock,
      processes,
      version: "1.2.3",
      ...(isReady !== undefined && { isReady }),
      authenticate: async (c, next) => {
        if (this.principal !== undefined) c.set("principal", this.principal);
        await next();
      },
      report,
      // As `server/main.ts` has it.
      mount: (app) => app.route("/", live.app).route("/v1/fleet", h1.fleetApp),
    });
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<V1Answer> {
    return await this.#answer("get", path, await this.app.request(path, { headers }));
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<V1Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await this.app.request(path, {
      method: "POST",
      body: text,
      headers: { "content-type": "application/json", ...headers },
    });
    return await this.#answer("post", path, response);
  }

  /** Starts a session and answers its id. */
  async start(change: object = {}): Promise<string> {
    const { body } = await this.post("/v1/sessions", {
      session_name: "research",
      agent_id: "oracle1",
      ...change,
    });
    return body.session_id;
  }

  /** Throws when an error was reported that no test has looked at and taken away. */
  async close(): Promise<void> {
    await this.manager.close();
    const [first] = this.reported;
    if (first !== undefined) throw new Error("An error was reported.", { cause: first });
  }

  async #answer(method: "get" | "post", path: string, response: Response): Promise<V1Answer> {
    const { status, headers } = response;
    const text = await response.text();
    const isJson = /json/.test(headers.get("content-type") ?? "");
    const body = (isJson ? JSON.parse(text) : {}) as V1Body;
    const schema = status >= 400 ? problem : endpointOf(method, path)?.answer.schema;
    if (schema) schema.parse(body);
    if (status >= 400 && headers.get("content-type") !== "application/problem+json")
      throw new Error(`${path} is refused as ${headers.get("content-type")}.`);
    return { status, body, text, headers };
  }
}

function endpointOf(method: string, path: string): Endpoint | undefined {
  const [pathname = ""] = path.split("?");
  return ENDPOINTS.find((one) => {
    const pattern = `^${one.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`;
    return one.method === method && new RegExp(pattern).test(pathname);
  });
}
