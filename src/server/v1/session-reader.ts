// Sessions as they are read: folded from the store and left alone, so that asking changes nothing, not even what time
// alone would make happen. What was read last is kept, so that who asks again pays for what is new alone.
import { HolodeckError } from "../../event/error.ts";
import type { StreamId } from "../../event/event.ts";
import { fold, type Folded } from "../../event/fold.ts";
import type { JsonObject } from "../../event/json.ts";
import { sessionAggregate } from "../../session/aggregate.ts";
import { unknownSession } from "../../session/past-session.ts";
import { sessionFacts, sessionSettings } from "../../session/session-document.ts";
import type { SessionState, TaskState } from "../../session/state.ts";
import { streamOf } from "../../session/stream.ts";
import type { Store } from "../../store/port.ts";

/** So many sessions are kept, those that were read last. */
const KEPT_MAX = 32;

/** The newest event that was read. */
export type SessionPlace = Pick<Folded<SessionState>, "seq" | "hash">;

export class SessionReader {
  readonly #store: Store;
  /** The last fold of each, or the one under way: the next begins where it ends. */
  readonly #kept = new Map<StreamId, Promise<Folded<SessionState> | null>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * What `read` makes of a session's newest state. The state goes on changing once `read` has returned. Throws
   * `not_found`.
   */
  async read<Result>(
    sessionId: string,
    read: (state: SessionState, place: SessionPlace) => Result,
  ): Promise<Result> {
    const stream = streamOf(sessionId);
    const before = this.#kept.get(stream) ?? Promise.resolve(null);
    // One fold after the other: each changes the state of the one before in place.
    const result = before.then(async (from) => {
      const folded = await this.#fold(stream, from);
      return { folded, told: folded.state.status === "none" ? null : { value: read(folded.state, folded) } };
    });
    this.#keep(
      stream,
      result.then(
        ({ folded, told }) => (told === null ? null : folded),
        () => null,
      ),
    );
    const { told } = await result;
    if (told === null) throw unknownSession(sessionId);
    return told.value;
  }

  async #fold(stream: StreamId, from: Folded<SessionState> | null): Promise<Folded<SessionState>> {
    return await fold({ aggregate: sessionAggregate, log: this.#store, stream, from });
  }

  #keep(stream: StreamId, folded: Promise<Folded<SessionState> | null>): void {
    this.#kept.delete(stream);
    this.#kept.set(stream, folded);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** The session as it is sent. */
export function describeSession(state: SessionState, now: number): JsonObject {
  return { ...sessionFacts(state, now), config: sessionSettings(state) };
}

/** Throws `task_not_found`. */
export function findTask(state: SessionState, taskId: string): TaskState {
  const task = state.tasks.get(taskId);
  if (task !== undefined) return task;
  throw new HolodeckError("task_not_found", {
    what: `Session ${state.sessionId} has no task ${JSON.stringify(taskId.slice(0, 100))}.`,
    todo: "GET its tasks: they list what there is.",
  });
}
