// A connection that can break at the worst moment: when the server has done what was asked and the answer is on its
// way.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #marker: string | null = null;
  /** How many answers have been lost. */
  cuts = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#join(client, connect(targetPort, "127.0.0.1")));
  }

  static async start(targetPort: number): Promise<Proxy> {
    const proxy = new Proxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy does not listen.");
    return address.port;
  }

  /** The next request that holds `marker` is carried out; its answer is lost with the connection. */
  loseAnswerTo(marker: string): void {
    this.#marker = marker;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, target: Socket): void {
    let isCut = false;
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        target.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      if (this.#marker !== null && chunk.includes(this.#marker)) {
        isCut = true;
        this.#marker = null;
      }
      target.write(chunk);
    });
    target.on("data", (chunk: Buffer) => {
      if (!isCut) client.write(chunk);
      else if (!client.destroyed) {
        this.cuts++;
        client.destroy();
      }
    });
  }
}
