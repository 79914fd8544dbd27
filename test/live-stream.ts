// A reader of server-sent events on a socket of its own, as a browser is one: it keeps every event it was sent, and
// the id to go on from.
import { get, type ClientRequest, type IncomingMessage } from "node:http";

export interface Sent {
  readonly id: string | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export class LiveStream {
  readonly sent: Sent[] = [];
  readonly comments: string[] = [];
  /** All that came, as it came. */
  text = "";
  lastId: string | null = null;
  retry: number | null = null;
  readonly response: IncomingMessage;
  /** Resolves when the stream has ended or broken off. */
  readonly ended: Promise<void>;
  #rest = "";
  #isOver = false;
  #news = Promise.withResolvers<void>();

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => this.#take(chunk));
    response.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      response.on("close", () => {
        this.#isOver = true;
        this.#news.resolve();
        resolve();
      });
    });
  }

  /** Waits until `enough` of what was sent. */
  async until(enough: (stream: LiveStream) => boolean): Promise<void> {
    while (!enough(this)) {
      if (this.#isOver) throw new Error(`It ended: ${this.text.slice(-500)}`);
      await this.#news.promise;
    }
  }

  /** Waits for so many events, signs of life and the like not counted, and answers them. */
  async take(count: number): Promise<readonly Sent[]> {
    await this.until(({ sent }) => sent.length >= count);
    return this.sent.slice(0, count);
  }

  close(): void {
    this.response.destroy();
  }

  #take(chunk: string): void {
    this.text += chunk;
    const blocks = (this.#rest + chunk).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#read(block);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** As https://html.spec.whatwg.org/multipage/server-sent-events.html reads lines. */
  #read(block: string): void {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split(/\r\n|\r|\n/)) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (line.startsWith(":")) this.comments.push(line);
      else if (name === "id") this.lastId = value;
      else if (name === "event") event = value;
      else if (name === "data") data.push(value);
      else if (name === "retry") this.retry = Number(value);
    }
    if (data.length === 0) return;
    this.sent.push({ id: this.lastId, event, data: JSON.parse(data.join("\n")) as Record<string, unknown> });
  }
}

/** Asks for a stream; whatever the answer is, it is there when this resolves. */
export async function openStream(
  port: number,
  query = "",
  headers: Record<string, string> = {},
): Promise<LiveStream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request: ClientRequest = get(
      { host: "127.0.0.1", port, path: `/v1/events${query}`, headers, agent: false },
      resolve,
    );
    request.on("error", reject);
  });
  return new LiveStream(response);
}

/** The whole of an answer that is no stream. */
export async function bodyOf(stream: LiveStream): Promise<Record<string, unknown>> {
  await stream.ended;
  return JSON.parse(stream.text) as Record<string, unknown>;
}
