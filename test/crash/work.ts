// The work of a process that is to be killed: sessions, several at once, through two managers with a connection each,
// so that some tasks are ended by two at the same time. Whoever comes after a kill does it all again with the same
// keys.
import { HolodeckError } from "../../src/event/error.ts";
import type { SessionManager } from "../../src/local.ts";
import { TaskOutcome } from "../../src/session/outcome.ts";
import type { Session } from "../../src/session/session.ts";
import type { Pass } from "./points.ts";
import type { Tell } from "./protocol.ts";

const SESSIONS_AT_ONCE = 3;
const TASKS = 6;
/** More than stands in an event. */
const LARGE_RESULT = "x".repeat(40_000);

/** What may be answered to whoever comes second. */
const SECOND: ReadonlySet<string> = new Set(["task_ended", "conflict", "session_ended"]);

/** The store is away or held: the same is asked again. */
const AWAY: ReadonlySet<string> = new Set(["store_unreachable", "store_busy"]);

export interface WorkOptions {
  readonly manager: SessionManager;
  readonly rival: SessionManager;
  readonly tell: Tell;
  readonly pass: Pass;
}

/** Works until the process ends. */
export async function workForever(options: WorkOptions): Promise<void> {
  const open = await untilThere(() => openSessions(options.manager));
  const worker = async (): Promise<void> => {
    for (;;) {
      const id = open.pop();
      const session = await untilThere(() =>
        id === undefined ? options.manager.startSession() : options.manager.resume(id),
      );
      await new SessionWork(session, options).run();
    }
  };
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, worker));
}

async function openSessions(manager: SessionManager): Promise<string[]> {
  const { sessions } = await manager.list({ status: "open", limit: 1_000 });
  return sessions.map(({ sessionId }) => sessionId);
}

class SessionWork {
  readonly #session: Session;
  readonly #options: WorkOptions;

  constructor(session: Session, options: WorkOptions) {
    this.#session = session;
    this.#options = options;
  }

  async run(): Promise<void> {
    this.#acknowledge("session_started", null, null);
    await Promise.all([0, 1].map((lane) => this.#lane(lane)));
    await this.#change("session_ended", null, null, () => this.#session.endSession());
  }

  async #lane(lane: number): Promise<void> {
    for (let index = lane; index < TASKS; index += 2) await this.#task(`t${index}`, index);
  }

  async #task(task: string, index: number): Promise<void> {
    const session = this.#session;
    const op = `${session.sessionId}/${task}`;
    const add = { idempotencyKey: `${op}/add`, retries: { max: 1 } };
    await this.#change("task_added", task, `${op}/add`, () => session.addTask(task, `${op}/add`, add));
    await this.#start(task);
    if (index % 3 === 1) {
      const failure = { error: `${op}/fail`, idempotencyKey: `${op}/fail` };
      const fail = () => session.completeTask(task, TaskOutcome.FAILED, failure);
      await this.#change("attempt_ended", task, `${op}/fail`, fail);
      await this.#start(task);
    }
    const result = { op: `${op}/end`, large: index === 2 ? LARGE_RESULT : "" };
    const end = { result, idempotencyKey: `${op}/end` };
    const complete = () => session.completeTask(task, TaskOutcome.SUCCESS, end);
    const completion = this.#change("task_ended", task, index === 2 ? null : `${op}/end`, complete);
    await Promise.all([completion, ...(index % 2 === 0 ? [this.#cancel(task, `${op}/cancel`)] : [])]);
  }

  async #start(task: string): Promise<void> {
    if (this.#session.getTask(task)?.status !== "pending") return;
    await this.#change("task_started", task, null, () => this.#session.startTask(task));
  }

  /** The other manager wants it to end otherwise. */
  async #cancel(task: string, op: string): Promise<void> {
    const session = await untilThere(() => this.#options.rival.get(this.#session.sessionId));
    const cancel = { error: op, idempotencyKey: op };
    await this.#change("task_ended", task, op, () =>
      session.completeTask(task, TaskOutcome.CANCELLED, cancel),
    );
  }

  async #change(
    type: string,
    task: string | null,
    op: string | null,
    act: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await untilThere(act);
    } catch (error) {
      if (error instanceof HolodeckError && SECOND.has(error.code)) return;
      throw error;
    }
    this.#acknowledge(type, task, op);
  }

  #acknowledge(type: string, task: string | null, op: string | null): void {
    const { tell, pass } = this.#options;
    pass("acknowledge:before");
    tell({ kind: "acknowledged", stream: `session:${this.#session.sessionId}`, type, task, op });
    pass("acknowledge:after");
  }
}

async function untilThere<Value>(act: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof HolodeckError && AWAY.has(error.code))) throw error;
    }
  }
}
