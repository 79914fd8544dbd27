// A server on memory and a clock that stands still, and clients of it that are waited for: what time makes happen there
// reaches them over the live stream.
import { SessionManager, type ClientConfig } from "../src/client/manager.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import type { SessionConfig } from "../src/session/config.ts";
import { stateAt } from "../src/session/past-session.ts";
import { taskDocuments } from "../src/session/session-document.ts";
import type { WorkingSession } from "../src/session/working-session.ts";
import { streamOf } from "../src/session/stream.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import type { BehavingManager } from "./session-behaviours.ts";

export class ServedWorld {
  readonly store = new MemoryStore();
  readonly clock = new TestClock();
  readonly reported: unknown[] = [];
  readonly #clients: SessionManager[] = [];
  readonly #sessions: WorkingSession[] = [];
  #server: RunningServer | null = null;

  get url(): string {
    return `http://127.0.0.1:${this.#server?.port ?? 0}`;
  }

  async start(port = 0, operatorKeys: readonly string[] = []): Promise<this> {
    const { store, clock } = this;
    const report = (error: unknown): void => void this.reported.push(error);
    this.#server = await startServer({
      store,
      clock,
      port,
      routerPort: 0,
      operatorKeys,
      version: "1.2.3",
      report,
    });
    return this;
  }

  /** Another server on the same store and port. */
  async restart(): Promise<void> {
    const port = this.#server?.port ?? 0;
    await this.#server?.close();
    await this.start(port);
  }

  client(config: Partial<ClientConfig> = {}): SessionManager {
    const own = { sessionName: "constraint-theory-research", agentId: "oracle1", url: this.url };
    const client = new SessionManager({ ...own, ...config });
    this.#clients.push(client);
    return client;
  }

  /** As the session behaviours take it. */
  behaving(config: Partial<SessionConfig> = {}): BehavingManager {
    return this.trusting(config);
  }

  /** As those of trust do. */
  trusting(config: Partial<SessionConfig> = {}) {
    // What is called at a session's end is called with what the client has of it.
    const manager = this.client(config as Partial<ClientConfig>);
    const start = manager.startSession.bind(manager);
    manager.startSession = async (options) => {
      const session = await start(options);
      this.#sessions.push(session);
      return session;
    };
    const advance = async (ms: number): Promise<void> => {
      await this.clock.advance(ms);
      for (const session of this.#sessions) await this.caughtUp(session);
    };
    const now = (): number => this.clock.now();
    return { manager, clock: { advance, now, suspend: (ms: number) => this.clock.suspend(ms) } };
  }

  /** Resolves when a handle shows what the store holds. */
  async caughtUp(session: WorkingSession): Promise<void> {
    const { store } = this;
    const head = await store.head({ stream: streamOf(session.sessionId) });
    const { state } = await stateAt(store, session.sessionId, head?.seq ?? 0);
    const wanted = JSON.stringify([state.outcome, taskDocuments(state)]);
    while (JSON.stringify([session.outcome, session.tasks]) !== wanted) await settled();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.#server?.close();
    const [first] = this.reported;
    if (first !== undefined) throw new Error("An error was reported.", { cause: first });
  }
}
