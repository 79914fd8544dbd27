// The resources of a session by name, and the facts about them that conditions may ask for.
import { streamKey, streamKind, type StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { resourceId } from "../trust/name.ts";
import { sessionResource, taskResource } from "../trust/owner-policy.ts";
import type { SessionState } from "./state.ts";
import { agentOf } from "./tasks.ts";

/** The parts of a session that are asked for by name: `session:ID/events`. */
export type SessionPart = "events" | "tiles" | "tasks" | "agents" | "roles" | "decisions" | "objects";

export function partResource(sessionId: string, part: SessionPart, ...segments: readonly string[]): string {
  return resourceId("session", sessionId, part, ...segments);
}

/** The name of an object, or of one of its fields: `note:a.title`. What its id holds stays in its segment. */
export function objectResource(key: StreamId, field?: string): string {
  const object = resourceId(streamKind(key), streamKey(key));
  return field === undefined ? object : `${object}.${field}`;
}

/** What decisions about an object may ask for, whether it is there already or not. */
export function objectFacts(kind: string, field?: string): JsonObject {
  return { part: "objects", kind, ...(field !== undefined && { field }) };
}

/** Whether the resource is, or lies in, another session: for those who ask here it does not exist. */
export function isElsewhere(sessionId: string, resource: string): boolean {
  if (typeof resource !== "string" || !resource.startsWith("session:")) return false;
  const own = sessionResource(sessionId);
  return resource !== own && !resource.startsWith(`${own}/`) && !resource.startsWith(`${own}.`);
}

/** What the session itself says of a resource to who asks for it. Whoever asks cannot say otherwise. */
export function factsAbout(state: SessionState, resource: string, askerId: string): JsonObject {
  const { sessionId } = state;
  if (resource === sessionResource(sessionId)) return { part: "session" };
  if (!resource.startsWith("session:")) return factsAboutObject(state, resource);
  const [part, id] = segmentsOf(sessionId, resource);
  if (part === "objects" && id !== undefined) return objectFacts(id);
  if (part === undefined) return {};
  if (part === "tasks" && id !== undefined) {
    return { part, given_to_asker: isGivenTo(state, plainId(sessionId, id), askerId) };
  }
  if (part === "agents" && id !== undefined) {
    return { part, is_asker: id === segmentsOf(sessionId, partResource(sessionId, "agents", askerId))[1] };
  }
  return { part };
}

/** Neither a written id nor a field has a dot. */
function factsAboutObject({ managed }: SessionState, resource: string): JsonObject {
  if (managed.size === 0) return {};
  const [object = "", field, ...more] = resource.split(".");
  const [kind = "", written = ""] = object.split(":");
  const id = plainText(written);
  if (more.length > 0 || id === null || id === "" || !managed.has(`${kind}:${id}` as StreamId)) return {};
  return objectResource(`${kind}:${id}` as StreamId) === object ? objectFacts(kind, field) : {};
}

/** A drift acts through its gyre: what was given to the gyre was given to it too. */
function isGivenTo(state: SessionState, taskId: string | null, askerId: string): boolean {
  const task = taskId === null ? undefined : state.tasks.get(taskId);
  if (task === undefined) return false;
  const givenTo = agentOf(state, task);
  return givenTo === askerId || givenTo === state.agents.get(askerId)?.gyreId;
}

function segmentsOf(sessionId: string, resource: string): readonly string[] {
  const own = `${sessionResource(sessionId)}/`;
  return resource.startsWith(own) ? resource.slice(own.length).split("/") : [];
}

/** The task's id from its segment: what stands there counts only when the id is written just so. */
function plainId(sessionId: string, segment: string): string | null {
  const taskId = plainText(segment);
  return taskId !== null && taskResource(sessionId, taskId).endsWith(`/${segment}`) ? taskId : null;
}

function plainText(written: string): string | null {
  try {
    return decodeURIComponent(written);
  } catch {
    return null;
  }
}
