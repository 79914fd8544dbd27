// A receiver of webhooks on a real port: it verifies each post, keeps what came, and does what a script says instead.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebhookPost } from "../src/webhook/kinds.ts";
import { verifyWebhook } from "../src/webhook/verify.ts";
import type { WebhookOptions } from "../src/webhook/webhook.ts";

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** It is taken in and answered; taken in and its answer lost; left without an answer; or answered with a status. */
export type ReceiverScript =
  | "accept"
  | "lose_answer"
  | "hang"
  | { readonly status: number; readonly headers?: object };

export class WebhookReceiver {
  /** Ids of all posts that came, repeats too. */
  readonly ids: string[] = [];
  /** What was taken in, each id once, in the order it came. */
  readonly posts = new Map<string, WebhookPost>();
  readonly paths: string[] = [];
  script: (post: WebhookPost) => ReceiverScript = () => "accept";
  /** Milliseconds since the epoch, by which the time of a post is judged. */
  now: () => number = Date.now;
  #server: Server | null = null;
  #port = 0;

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
    return `http://127.0.0.1:${this.#port}/hooks/hunter22`;
  }

  /** Declares it. */
  hook(events: WebhookOptions["events"] = ["task_failed", "session_ended"]): WebhookOptions {
    return { url: this.url, events, secret: SECRET };
  }

  get types(): readonly string[] {
    return [...this.posts.values()].map(({ type }) => type);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.paths.push(request.url ?? "");
    try {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      this.#take(
        verifyWebhook({ secret: SECRET, headers: request.headers, body, now: this.now() }),
        response,
      );
    } catch {
      response.writeHead(401).end();
    }
  }

  #take({ id, post }: { readonly id: string; readonly post: WebhookPost }, response: ServerResponse): void {
    this.ids.push(id);
    const scripted = this.script(post);
    if (scripted === "hang") return;
    if (typeof scripted === "object") {
      response.writeHead(scripted.status, { ...scripted.headers }).end("scripted");
      return;
    }
    this.posts.set(id, post);
    if (scripted === "lose_answer") response.destroy();
    else response.writeHead(204).end();
  }
}
