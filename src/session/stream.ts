// The streams of a session and of what it manages.
import { streamId, streamKey, type StreamId } from "../event/stream.ts";

/** `session:sess_…` */
export function streamOf(sessionId: string): StreamId {
  return streamId("session", sessionId);
}

/** `identity:oracle1`: who started a session, until it is given an identity of its own. */
export function identityKeyOf(agentId: string): StreamId {
  return streamId("identity", agentId);
}

/** The built-in policy: a session's owner may do everything in it. */
export const OWNER_POLICY_KEY: string = streamId("policy", "owner");

/** The id of whom an identity's stream is; null when a session has none. */
export function ownerOf(identityKey: string | null): string | null {
  return identityKey === null ? null : streamKey(identityKey as StreamId);
}

/** `decisions:sess_…`: what was decided about who may do what in a session. */
export function decisionsOf(sessionId: string): StreamId {
  return streamId("decisions", sessionId);
}
