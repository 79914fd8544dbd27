// The policy of a session that was started without one: who started it may do all with it; an attached agent may work
// on the tasks given to it and read what they carry, say that it is still there, and leave; nobody else anything.
import { resourceId } from "./name.ts";
import { compilePolicy, type Policy } from "./policy.ts";

/** The role every attached agent has, beside those it inherits from its session. */
export const ATTACHED_ROLE = "attached";

/** What an attached agent may do with a task that was given to it. */
export const TASK_ACTIONS = ["read", "start", "progress", "complete", "fail"] as const;

/** `session:ID`: the session itself. */
export function sessionResource(sessionId: string): string {
  return resourceId("session", sessionId);
}

/** `session:ID/tasks/ID`: a task of a session. */
export function taskResource(sessionId: string, taskId: string): string {
  return resourceId("session", sessionId, "tasks", taskId);
}

/**
 * The built-in policy of one session, version 0. A guard that asks about a task says in the resource's attributes
 * whether it was given to who asks: `given_to_asker: true`; about an agent, whether that is who asks: `is_asker: true`. `startedBy` is the id of the principal that started the
 * session; it needs no role.
 */
export function ownerPolicy({
  sessionId,
  startedBy,
}: {
  readonly sessionId: string;
  readonly startedBy: string;
}): Policy {
  const session = sessionResource(sessionId);
  const owner = {
    id: "owner",
    roles: ["*"],
    effect: "allow",
    actions: ["*"],
    resources: [session, `${session}/*`],
    condition: { "identity.id": startedBy },
  };
  const attached = {
    id: "attached-agent",
    roles: [ATTACHED_ROLE],
    effect: "allow",
    actions: TASK_ACTIONS,
    resources: [`${session}/tasks/*`],
    condition: { "resource.attributes.given_to_asker": true },
  };
  const listing = {
    id: "attached-agent-lists",
    roles: [ATTACHED_ROLE],
    effect: "allow",
    actions: ["list"],
    resources: [`${session}/tasks`],
  };
  const itself = {
    id: "attached-agent-itself",
    roles: [ATTACHED_ROLE],
    effect: "allow",
    actions: ["heartbeat", "detach"],
    resources: [`${session}/agents/*`],
    condition: { "resource.attributes.is_asker": true },
  };
  return compilePolicy([owner, attached, listing, itself], { version: 0 });
}
