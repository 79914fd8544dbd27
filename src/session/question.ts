// What a guard is asked.
import type { JsonObject } from "../event/json.ts";
import type { Resource } from "../trust/decision.ts";

export interface GuardQuestion {
  /** Who asks, by name. */
  readonly agentId: string;
  readonly action: string;
  readonly resource: string | Resource;
  /** Facts of the moment, for conditions. `now` is set by the guard. */
  readonly context?: JsonObject;
}
