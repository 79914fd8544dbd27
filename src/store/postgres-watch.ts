// Notices between processes by PostgreSQL's NOTIFY, on a channel named after the schema.
import type { Client } from "pg";
import type { Ears } from "./news.ts";
import type { PostgresClient } from "./postgres-client.ts";

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 2000;

/** Waits for no disk: a notice that a crash of the server takes along is made up for by asking. */
export async function announce(client: PostgresClient, sender: string): Promise<void> {
  await client.tell(
    `BEGIN; SET LOCAL synchronous_commit TO off; NOTIFY ${channel(client)}, '${sender}'; COMMIT`,
  );
}

/** Listens to all but `self`, until the function it returns is called; reconnects when the connection breaks. */
export function listen(client: PostgresClient, self: string, ears: Ears): () => void {
  const listener = new Listener(client, self, ears);
  listener.connect();
  return () => listener.stop();
}

class Listener {
  readonly #client: PostgresClient;
  readonly #self: string;
  readonly #ears: Ears;
  #connection: Client | null = null;
  #retry: NodeJS.Timeout | null = null;
  #pauseMs = RECONNECT_MS_MIN;
  #isStopped = false;

  constructor(client: PostgresClient, self: string, ears: Ears) {
    this.#client = client;
    this.#self = self;
    this.#ears = ears;
  }

  connect(): void {
    const connection = this.#client.lone();
    this.#connection = connection;
    connection.on("notification", ({ payload }) => {
      if (payload !== this.#self) this.#ears.onNotice();
    });
    connection.on("error", () => undefined);
    connection.on("end", () => this.#lost(connection));
    this.#begin(connection).catch(() => {
      this.#lost(connection);
      connection.end().catch(() => undefined);
    });
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#connection?.end().catch(() => undefined);
    this.#connection = null;
  }

  async #begin(connection: Client): Promise<void> {
    await connection.connect();
    // Missing in the driver's types: as with the pool, waiting for notices keeps no process alive.
    (connection as Client & { unref(): void }).unref();
    await connection.query(`LISTEN ${channel(this.#client)}`);
    this.#pauseMs = RECONNECT_MS_MIN;
    if (!this.#isStopped) this.#ears.onConnected();
  }

  #lost(connection: Client): void {
    if (this.#isStopped || this.#connection !== connection) return;
    this.#connection = null;
    this.#retry = setTimeout(() => this.connect(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, RECONNECT_MS_MAX);
  }
}

function channel({ address }: PostgresClient): string {
  return `"holodeck:${address.schema}"`;
}
