// An H1 router for tests, on a real port: it answers as spec/wire.md §2 says and no more, over a fleet in memory. It
// can be stopped and started again with what it has, and does what a script says instead.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isRefusal } from "../src/event/decider.ts";
import type { FleetCommand, FleetFact } from "../src/fleet/fleet-facts.ts";
import { h1Snapshot } from "../src/fleet/fleet-view.ts";
import { MemoryFleet } from "../src/fleet/memory-fleet.ts";

export interface WireRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Scripted =
  | "answer"
  | "hang"
  | { readonly status: number; readonly body?: string; readonly location?: string };

export interface WireRouterOptions {
  /** True: it knows `POST /v1/fleet/confirm`, and with it which session a task is of. */
  readonly confirms?: boolean;
}

export class WireRouter {
  readonly fleet = new MemoryFleet();
  readonly requests: WireRequest[] = [];
  script: (request: WireRequest) => Scripted = () => "answer";
  readonly #confirms: boolean;
  #server: Server | null = null;
  #port = 0;

  constructor({ confirms = false }: WireRouterOptions = {}) {
    this.#confirms = confirms;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => void server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The bodies that came to a path. */
  to(path: string): readonly WireRequest["body"][] {
    return this.requests.filter((one) => one.path === path).map(({ body }) => body);
  }

  /** Tasks it has. */
  get tasks(): number {
    return this.fleet.state.tasks.size;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const asked = {
        path: request.url ?? "",
        body: JSON.parse(text === "" ? "{}" : text) as WireRequest["body"],
      };
      this.requests.push(asked);
      const scripted = this.script(asked);
      if (scripted === "hang") return;
      if (scripted === "answer") return this.#answer(asked, response);
      const { status, body = "{}", location } = scripted;
      response.writeHead(status, location === undefined ? {} : { location });
      response.end(body);
    } catch {
      response.destroy();
    }
  }

  #answer({ path, body }: WireRequest, response: ServerResponse): void {
    const send = (status: number, value: object): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (path === "/h1-snapshot") return send(200, h1Snapshot(this.fleet.state));
    const type = { "/register/agent": "register_agent", "/route": "route", "/complete": "complete" }[path];
    const command = type ?? (path === "/v1/fleet/confirm" && this.#confirms ? "confirm" : null);
    if (command === null) return send(404, { error: "unknown" });
    const { session_id, ...plain } = body;
    const known = this.#confirms ? body : plain;
    const decided = this.fleet.give({ ...known, type: command, now: 1 } as unknown as FleetCommand);
    if (isRefusal(decided))
      return send(decided.code === "task_not_found" ? 404 : 400, { error: decided.what });
    send(200, decisionIn(decided) ?? { status: "ok", session_id });
  }
}

/** The wire's members alone. */
function decisionIn(facts: readonly FleetFact[]): object | null {
  const routed = facts.find((fact) => fact.type === "task_routed")?.data;
  if (routed === undefined) return null;
  const { agent_id, task_id, h1_before, h1_after, confidence, emergence_risk } = routed;
  const { capability_match_score, reasoning } = routed;
  return {
    agent_id,
    task_id,
    h1_before,
    h1_after,
    confidence,
    emergence_risk,
    capability_match_score,
    reasoning,
  };
}
