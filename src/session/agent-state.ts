// An attached agent as its session's events leave it.
import type { JsonObject } from "../event/json.ts";
import type { AgentKind } from "./agent-kind.ts";
import type { ProcessIdentity } from "./events.ts";

export interface AgentState {
  readonly agentId: string;
  /** This time it was attached. */
  readonly attachmentId: string;
  readonly nickname: string;
  readonly metadata: JsonObject;
  readonly kind: AgentKind;
  /** Of a drift: whom it acts through. */
  readonly gyreId: string | null;
  /** The part of the session's roles that was named; null: all. */
  readonly roles: readonly string[] | null;
  readonly capabilities: readonly string[];
  /** Milliseconds since the epoch. */
  readonly attachedAt: number;
  /** It must be heard of this often; null: it need not. */
  readonly heartbeatSeconds: number | null;
  /** When it counts as disconnected, milliseconds since the epoch; moves with the clock when that is set. */
  dueAt: number | null;
  /** The process that attached it, and holds its teardown; null when it belongs to none. */
  readonly process: ProcessIdentity | null;
}
