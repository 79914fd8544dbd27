// The stream of a session.
import { streamId, type StreamId } from "../event/event.ts";

/** `session:sess_…` */
export function streamOf(sessionId: string): StreamId {
  return streamId("session", sessionId);
}
