// A client that sends bytes as they are and reads the status of what comes back; its connection is kept while the
// server keeps it.
import { connect, type Socket } from "node:net";

/** Longer than anything takes that is not held up for ever. */
const PATIENCE_MS = 30_000;

export class RawClient {
  readonly #port: number;
  #socket: Socket | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** The status; 0 when the connection was closed without an answer. Throws when none comes. */
  async send(bytes: Uint8Array): Promise<number> {
    const socket = (this.#socket ??= await open(this.#port));
    const { text, isOver } = await exchange(socket, bytes);
    if (isOver || /^connection: close/im.test(text)) this.close();
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }
}

async function open(port: number): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => {
      socket.off("error", reject);
      // What came before a connection broke counts.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

async function exchange(socket: Socket, bytes: Uint8Array): Promise<{ text: string; isOver: boolean }> {
  return await new Promise((resolve, reject) => {
    let text = "";
    const end = (isOver: boolean): void => {
      clearTimeout(patience);
      socket.off("data", take);
      socket.off("close", close);
      resolve({ text, isOver });
    };
    const take = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (isWhole(text)) end(false);
    };
    const close = (): void => end(true);
    const patience = setTimeout(
      () => reject(new Error(`No answer but ${JSON.stringify(text)}.`)),
      PATIENCE_MS,
    );
    socket.on("data", take);
    socket.on("close", close);
    socket.write(bytes);
  });
}

/** Whether an answer has come to its end, as its head says. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const head = text.slice(0, headEnd);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) return text.length >= headEnd + 4 + Number(length);
  if (/^transfer-encoding: chunked$/im.test(head)) return text.endsWith("0\r\n\r\n");
  return false;
}
