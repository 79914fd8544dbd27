// A session as the boundary of trust: who takes part, who may do what, and what was decided. This handle is the
// owner's and is not judged itself; `session.as(agent)` is what an agent is given.
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import type { Fields } from "../omni/field.ts";
import type { OmniKind } from "../omni/omni-kind.ts";
import type { Decision, PolicyEngine, Resource } from "../trust/decision.ts";
import { AgentSession } from "./agent-session.ts";
import { attach, attachElsewhere, checkAttach, type AttachOptions } from "./attach.ts";
import { AttachedSession } from "./attached-session.ts";
import { denied } from "./denied.ts";
import { Guard, type GuardHost } from "./guard.ts";
import type { SessionHost } from "./host.ts";
import { checkFunction, checkKeys } from "./input.ts";
import { introspectionOf, type Introspection } from "./introspection.ts";
import type { LocalAgents } from "./local-agents.ts";
import { ManagedKinds } from "./managed-kinds.ts";
import { ObjectSession, type ManagedObjects } from "./managed-objects.ts";
import type { OwnedSession } from "./owned-session.ts";
import {
  decisionsIn,
  policyToAsk,
  replaySession,
  type SessionDecision,
  type SessionReplay,
} from "./replay.ts";
import { ownerOf, streamOf } from "./stream.ts";
import type { WorkHost } from "./working-session.ts";

/** What a handle needs for its boundary. */
export type TrustHost = SessionHost & GuardHost;

export abstract class SessionTrust extends AttachedSession {
  declare protected readonly host: TrustHost & WorkHost;
  /** This very handle, for those who act through it. */
  protected abstract readonly handle: OwnedSession<AgentSession>;
  #guardOf: Guard | null = null;
  #kinds: ManagedKinds | null = null;

  /**
   * Attaches an agent, and answers the session as the agent may use it. `setup` has run then; `teardown` runs once when
   * the agent has left or the session has ended. Refused: `conflict` for a name that is taken, `session_ended`;
   * `callback_failed` when the setup throws; `invalid_argument`.
   */
  async attachAgent(options: AttachOptions<AgentSession>): Promise<AgentSession> {
    const agent = checkAttach(options);
    const session = this.as(agent.agentId);
    const context = { agentId: agent.agentId, session };
    const { host } = this;
    if (options.process === null) {
      await attachElsewhere(host, this.sessionId, agent, options.idempotencyKey ?? null);
      return session;
    }
    // What another process did meanwhile counts: an agent it has let go of may come again.
    const state = await host.refresh(this.sessionId);
    await attach({ host, state, local: this.#localAgents(), agent, context, options });
    return session;
  }

  /** Who is here, with which roles, attached to what. */
  async introspect(): Promise<Introspection> {
    return await this.#guard().look(ownerOf(this.state.identityKey) ?? "", introspectionOf);
  }

  /**
   * Whether who has this name may do that now, by which statements, on which terms. It never throws: what cannot be
   * confirmed or judged is denied, and `errors` says why. Carry out the obligations of what is allowed.
   */
  async can(
    agentId: string,
    action: string,
    resource: string | Resource,
    context: JsonObject = {},
  ): Promise<Decision> {
    return await this.#guard().decide({ agentId, action, resource, context });
  }

  /**
   * Does something for who has this name when that is allowed, and answers what it came to. `work` is told the decision
   * and carries out its obligations. Refused with `denied`; then `work` is not called.
   */
  async guard<Result>(
    agentId: string,
    action: string,
    resource: string | Resource,
    work: (decision: Decision) => Promise<Result> | Result,
    context: JsonObject = {},
  ): Promise<Result> {
    checkFunction(work, "work");
    const question = { agentId, action, resource, context };
    const decision = await this.#guard().decide(question);
    if (!decision.allow) throw denied(question, decision);
    return await work(decision);
  }

  /** The session as who has this name may use it: each call is judged when it is made. */
  as(agentId: string): AgentSession {
    const { host, presence, handle } = this;
    return new AgentSession({ agentId, session: handle, guard: this.#guard(), presence, host });
  }

  /**
   * The objects of a kind that the session manages, for its owner: made here, brought back, taken over. The same kind
   * gives the same objects. From then on agents may have them too, by `session.as(agent).object(kind, id)`.
   */
  manage<F extends Fields>(kind: OmniKind<F>): ManagedObjects<F> {
    this.#kinds ??= new ManagedKinds(new ObjectSession(this.host, this.sessionId));
    return this.#kinds.of(kind);
  }

  /** For agents' handles: whether the owner manages this very kind here. */
  managesKind(kind: object): boolean {
    return this.#kinds?.has(kind) === true;
  }

  /** What was decided, in order: each deny, and allows as configured. */
  async *decisions(): AsyncGenerator<SessionDecision> {
    yield* decisionsIn(await this.host.trust(), this.sessionId);
  }

  /** What another policy, of the store, compiled, or another engine's, would have decided over the recorded session. */
  async replayDecisions(options: { readonly policy: string | PolicyEngine }): Promise<SessionReplay> {
    const { policy } = checkKeys(options, "options", ["policy"]);
    const streams = await this.host.trust();
    return await replaySession(streams, this.sessionId, await policyToAsk(streams, policy));
  }

  /** For the manager: the agents that this process attached leave with it. */
  async detachLocal(reason: string): Promise<void> {
    for (const { agentId, attachmentId } of this.presence.agents?.attached ?? []) {
      const command = { type: "detach_agent", agentId, attachmentId, reason } as const;
      // One that cannot be told goes all the same, and is torn down here.
      await this.host.execute(streamOf(this.sessionId), command).catch((cause: unknown) => {
        if (cause instanceof HolodeckError) this.host.report(cause);
      });
      this.presence.agents?.leave(attachmentId);
    }
    await this.presence.agents?.idle();
  }

  /** For who takes over from a process that died: the agents it had attached are gone with it, those of none stay. */
  async detachLost(): Promise<void> {
    const reason = "The process that attached it died.";
    for (const { agentId, attachmentId, process } of [...this.state.agents.values()].toReversed()) {
      if (process === null || this.host.processes.isAlive(process)) continue;
      await this.host.execute(streamOf(this.sessionId), {
        type: "detach_agent",
        agentId,
        attachmentId,
        reason,
      });
    }
  }

  /** Makes durable what has changed in the objects that were asked for here. */
  protected async persistObjects(): Promise<void> {
    await this.#kinds?.persist();
  }

  #localAgents(): LocalAgents {
    const { clock } = this.host;
    return this.presence.agentsWith({ clock, report: (problem) => this.host.report(problem) });
  }

  #guard(): Guard {
    return (this.#guardOf ??= new Guard(this.host, this.sessionId));
  }
}
