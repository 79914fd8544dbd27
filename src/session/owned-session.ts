// What the handle of a session's owner can do, as far as agents do it through that handle once it has been allowed.
import type { Event } from "../event/event.ts";
import type { Json } from "../event/json.ts";
import type { PolicyEngine } from "../trust/decision.ts";
import type { AttachOptions, DetachOptions } from "./attach.ts";
import type { SessionEvent } from "./events.ts";
import type { ForkOptions } from "./fork.ts";
import type { Introspection } from "./introspection.ts";
import type { SessionOutcome } from "./outcome.ts";
import type { PastSession } from "./past-view.ts";
import type { SessionDecision, SessionReplay } from "./replay.ts";
import type { SessionView } from "./session-view.ts";
import type { TaskOptions } from "./task-options.ts";
import type { Task } from "./task.ts";

/** What a listener is told: the event, as it is stored. */
export type SessionListener = (event: SessionEvent & Pick<Event, "at" | "seq">) => unknown;

/** `Agent` is the session as an agent may use it. */
export interface OwnedSession<Agent> extends SessionView {
  addTask(taskId: string, data?: Json, options?: TaskOptions): Promise<Task>;
  startTask(taskId: string, options?: { readonly agentId?: string }): Promise<Task>;
  loseAttempt(taskId: string, reason: string): Promise<void>;
  endSession(outcome?: SessionOutcome, options?: { readonly error?: string }): Promise<SessionOutcome>;
  on(type: SessionEvent["type"] | "change", listener: SessionListener): () => void;
  at(seq: number): Promise<PastSession>;
  fork(seq: number, options?: ForkOptions): Promise<{ readonly sessionId: string }>;
  attachAgent(options: AttachOptions<Agent>): Promise<Agent>;
  detachAgent(agentId: string, options?: DetachOptions): Promise<void>;
  heartbeatAgent(agentId: string): Promise<void>;
  revokeRole(roleId: string): Promise<void>;
  managesKind(kind: object): boolean;
  introspect(): Promise<Introspection>;
  decisions(): AsyncGenerator<SessionDecision>;
  replayDecisions(options: { readonly policy: string | PolicyEngine }): Promise<SessionReplay>;
}
