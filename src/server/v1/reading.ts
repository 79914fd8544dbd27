// Sessions as they are read: folded from the store and left alone, so that asking changes nothing, not even what time
// alone would make happen.
import { stateAt, unknownSession } from "../../session/past-session.ts";
import { sessionFacts, sessionSettings } from "../../session/session-document.ts";
import type { SessionState } from "../../session/state.ts";
import { streamOf } from "../../session/stream.ts";
import type { JsonObject } from "../../event/json.ts";
import type { Store } from "../../store/port.ts";
import { HolodeckError } from "../../event/error.ts";
import type { TaskState } from "../../session/state.ts";

/** A session's newest state. Throws `not_found`. */
export async function readState(store: Store, sessionId: string): Promise<SessionState> {
  const head = await store.head({ stream: streamOf(sessionId) });
  if (head === null) throw unknownSession(sessionId);
  return (await stateAt(store, sessionId, head.seq)).state;
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
