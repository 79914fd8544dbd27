// A decision of the fleet, told: one sentence, then the candidates and what spoke against each.
import type { CandidateView, Criterion, RouteAsked, RoutingDecision } from "../fleet/fleet-facts.ts";
import { palette, wantsColor } from "./ansi.ts";
import type { FleetOptions } from "./fleet-state.ts";
import { print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

/** What `route` and `fleet what-if` take beside the task. */
export interface RouteOptions extends FleetOptions {
  /** Parted by commas. */
  readonly capabilities?: string;
  /** Agents, parted by commas. */
  readonly prefer?: string;
  /** Default h1. */
  readonly policy?: NonNullable<RouteAsked["policy"]>;
}

/** What is asked of the fleet. */
export function askedOf(task: string, { capabilities, prefer, policy }: RouteOptions): RouteAsked {
  return {
    task_id: task,
    ...(capabilities !== undefined && { required_capabilities: namesOf(capabilities) }),
    ...(prefer !== undefined && { prefer_agents: namesOf(prefer) }),
    ...(policy !== undefined && { policy }),
  };
}

/** Prints a decision. `verb` says what became of it: `goes` or `would go`. */
export function tellDecision(
  decision: RoutingDecision & { readonly emergence: boolean },
  verb: string,
  options: RouteOptions,
  io: Io,
): void {
  if (options.json === true) {
    printJson(io, decision);
    return;
  }
  const { task_id, agent_id, reasoning, h1_before, h1_after, emergence_risk, confidence } = decision;
  const whom = agent_id === "" ? `${verb} to nobody` : `${verb} to ${printable(agent_id)}`;
  print(io, `${printable(task_id)} ${whom}: ${printable(reasoning)}`);
  print(io, `β₁ ${h1_before} → ${h1_after}, risk ${emergence_risk}, confidence ${confidence}`);
  if (decision.emergence) print(io, "With it the fleet rises above its emergence threshold.");
  if (decision.candidates.length < 2) return;
  const colors = palette(wantsColor(io.out, io.env));
  const rows = decision.candidates.map((candidate) => rowOf(candidate));
  for (const line of table(["CANDIDATE", "LOAD", "Δβ₁", "MATCH", "WHY NOT"], rows, colors)) print(io, line);
}

function namesOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function rowOf({
  agent_id,
  load,
  h1_delta,
  capability_match_score,
  why_not,
}: CandidateView): readonly string[] {
  const match = `${Math.round(capability_match_score * 100)} %`;
  return [agent_id, String(load), String(h1_delta), match, why_not === null ? "chosen" : WHY_NOT[why_not]];
}

const WHY_NOT: Readonly<Record<Criterion, string>> = {
  match: "has fewer of the capabilities",
  crossing: "would bring emergence",
  preference: "another was preferred",
  h1: "would close a loop",
  "blast-radius": "would make a larger component",
  load: "has more to do",
  id: "equal in all; the id decided",
};
