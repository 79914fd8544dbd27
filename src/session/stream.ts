// The streams of a session and of what it manages.
import { streamId, type StreamId } from "../event/stream.ts";

/** `session:sess_…` */
export function streamOf(sessionId: string): StreamId {
  return streamId("session", sessionId);
}

/** `identity:oracle1`: who started a session, until it is given an identity of its own. */
export function identityKeyOf(agentId: string): string {
  return streamId("identity", agentId);
}

/** The built-in policy: a session's owner may do everything in it. */
export const OWNER_POLICY_KEY: string = streamId("policy", "owner");
