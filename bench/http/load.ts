// A load generator that costs little beside the server it drives: connections that are kept alive, each of which sends
// its next request when its last one is answered.
import { connect, type Socket } from "node:net";

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  /** The body of the request with this number. */
  readonly body: (number: number) => string;
}

/** How many requests got each status. */
export type Statuses = ReadonlyMap<number, number>;

const PATH = "/submit";

/** Resolves when every request is answered. Rejects when a connection breaks. */
export async function drive({ port, connections, requests, body }: Load): Promise<Statuses> {
  const statuses = new Map<number, number>();
  let sent = 0;
  const next = (): string | null => (sent < requests ? requestOf(port, body(sent++)) : null);
  const lanes = Array.from({ length: connections }, async () => {
    await useConnection(port, next, (status) => statuses.set(status, (statuses.get(status) ?? 0) + 1));
  });
  await Promise.all(lanes);
  return statuses;
}

function requestOf(port: number, body: string): string {
  return (
    `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

async function useConnection(
  port: number,
  next: () => string | null,
  onStatus: (status: number) => void,
): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  let received = "";
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      const request = next();
      if (request === null) resolve();
      else socket.write(request);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("The server closed the connection.")));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const length = answerLength(received);
      if (length === null || received.length < length) return;
      onStatus(Number(received.slice(9, 12)));
      received = received.slice(length);
      send();
    });
  });
  end(socket);
}

function end(socket: Socket): void {
  socket.removeAllListeners("close");
  socket.end();
}

/** How long the first answer in the text is, head and body; null when its head is not whole yet. */
function answerLength(text: string): number | null {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2))?.[1];
  return head + 4 + Number(length ?? 0);
}
