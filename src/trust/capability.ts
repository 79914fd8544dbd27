// An allow may ask that the principal's agent be capable of something: without it, it is no allow.
import type { Decision } from "./decision.ts";

/** The decision for an agent with these capabilities; null is an agent that can do whatever is asked for. */
export function requireCapabilities(decision: Decision, capabilities: readonly string[] | null): Decision {
  if (!decision.allow || capabilities === null) return decision;
  const missing = decision.obligations.flatMap((one) =>
    one.kind === "capability" && !capabilities.includes(one.name) ? [one.name] : [],
  );
  if (missing.length === 0) return decision;
  const errors = missing.map((name) => ({
    statementId: null,
    what: `The agent is not capable of ${JSON.stringify(name)}, which is asked for.`,
  }));
  return { ...decision, allow: false, errors, obligations: [] };
}
