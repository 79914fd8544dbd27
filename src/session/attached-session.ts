// A session with those who take part in it, as far as saying so is all there is to it: letting an agent go, hearing of
// it, taking a role away. Attaching one and judging it is where a store is, or a server.
import { checkName } from "../trust/name.ts";
import type { DetachOptions } from "./attach.ts";
import { checkKeys, checkMessage, checkText } from "./input.ts";
import { streamOf } from "./stream.ts";
import { WorkingSession } from "./working-session.ts";

export class AttachedSession extends WorkingSession {
  /**
   * Lets an agent go, and a gyre's drifts before it. Its teardown has returned, or been passed over after ten seconds,
   * when this answers. Refused: `not_found` when it is not attached.
   */
  async detachAgent(agentId: string, options: DetachOptions = {}): Promise<void> {
    checkText(agentId, "agentId");
    const { reason, idempotencyKey } = checkKeys(options, "options", ["reason", "idempotencyKey"]);
    const key = idempotencyKey === undefined ? null : checkText(idempotencyKey, "idempotencyKey");
    const why = checkMessage(reason, "reason");
    const command = { type: "detach_agent", agentId, attachmentId: null, reason: why } as const;
    await this.host.execute(streamOf(this.sessionId), command, key);
    await this.presence.agents?.idle();
  }

  /** An agent was heard of. Refused: `not_found` when it is not attached, for instance because it was silent too long. */
  async heartbeatAgent(agentId: string): Promise<void> {
    const command = { type: "heartbeat_agent", agentId: checkText(agentId, "agentId") } as const;
    await this.host.execute(streamOf(this.sessionId), command);
  }

  /** The session and all its agents have a role no more: the next decision knows, in every process. */
  async revokeRole(roleId: string): Promise<void> {
    checkName(roleId, "roleId");
    await this.host.execute(streamOf(this.sessionId), { type: "revoke_role", roleId });
  }
}
