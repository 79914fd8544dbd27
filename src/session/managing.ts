// Which objects a session manages. An object is a stream of its own (src/omni); the session's stream says that it is the
// session's, once it is durable.
import type { Decision, Refusal } from "../event/decider.ts";
import type { ManageObject } from "./commands.ts";
import type { SessionEvent } from "./events.ts";
import type { SessionState } from "./state.ts";
import { fact, refuseUnlessOpen } from "./tasks.ts";

/** The most objects one session manages. */
export const MANAGED_MAX = 10_000;

export function manageObject(state: SessionState, { key }: ManageObject): Decision<SessionEvent> {
  if (state.managed.has(key)) return [];
  return refuseManaging(state) ?? [fact("object_managed", null, { key })];
}

/** Why no further object can be managed now; null when one can. */
export function refuseManaging(state: SessionState): Refusal | null {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  if (state.managed.size < MANAGED_MAX) return null;
  return {
    code: "conflict",
    what: `Session ${state.sessionId} manages ${MANAGED_MAX} objects, and may manage no more.`,
    todo: "Keep what belongs together in one object, or split the work into sessions.",
  };
}
