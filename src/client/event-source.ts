// Server-sent events as https://html.spec.whatwg.org/multipage/server-sent-events.html reads them, from a response.
// (`EventSource` itself can send no key, and Node has none.)

export interface ServedEvent {
  readonly type: string;
  readonly data: string;
}

export interface EventSink {
  onEvent(event: ServedEvent): void;
  /** The place to go on from, should the stream break off. */
  onId(id: string): void;
}

/** Resolves when the stream has ended; throws when it breaks off. */
export async function readEvents(response: Response, sink: EventSink): Promise<void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const block = new Block(sink);
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // A line may end with the next chunk: what follows the last line break waits for it.
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) block.take(line);
  }
}

/** The lines of one event. */
class Block {
  readonly #sink: EventSink;
  #type = "message";
  #data: string[] = [];

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  take(line: string): void {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id" && !value.includes("\0")) this.#sink.onId(value);
    else if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
  }

  #end(): void {
    if (this.#data.length > 0) this.#sink.onEvent({ type: this.#type, data: this.#data.join("\n") });
    this.#type = "message";
    this.#data = [];
  }
}
