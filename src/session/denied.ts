// What who is denied is told: what was asked, by which statements or errors it was decided, and by what name to ask
// about it. Nothing of what was asked for.
import { HolodeckError } from "../event/error.ts";
import type { Decision } from "../trust/decision.ts";
import type { GuardQuestion } from "./question.ts";

const SHOWN_MAX = 5;

export function denied(
  { agentId, action, resource }: Omit<GuardQuestion, "context">,
  decision: Decision,
): HolodeckError {
  const id = typeof resource === "string" ? resource : resource?.id;
  return new HolodeckError("denied", {
    what: `${show(agentId)} may not ${show(action)} ${show(id)}: ${whyOf(decision)}.`,
    todo: `Ask who keeps the session's policy to allow it; the decision is ${decision.decisionId}.`,
  });
}

/** An allow whose terms cannot be kept here is none. */
export function unmetTerms(question: Omit<GuardQuestion, "context">, decision: Decision): HolodeckError {
  const kinds = [...new Set(decision.obligations.map(({ kind }) => kind))].join(", ");
  return new HolodeckError("denied", {
    what: `${show(question.agentId)} may ${show(question.action)} only on terms (${kinds}) that cannot be kept here.`,
    todo: "Use session.guard, and carry out the decision's obligations; or allow it without terms.",
  });
}

function whyOf({ reasons, errors }: Decision): string {
  if (reasons.length > 0) return `denied by ${shown(reasons)}`;
  if (errors.length === 0) return "no statement allows it";
  return shown(
    errors.map(({ statementId, what }) => {
      const sentence = what.replace(/\.$/, "");
      return statementId === null ? sentence : `${statementId}: ${sentence}`;
    }),
  );
}

function shown(names: readonly string[]): string {
  return names.slice(0, SHOWN_MAX).join(", ") + (names.length > SHOWN_MAX ? " and others" : "");
}

/** Also of what is no text: whoever asks may pass anything. */
function show(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(name.slice(0, 200)) : `something of type ${typeof name}`;
}
