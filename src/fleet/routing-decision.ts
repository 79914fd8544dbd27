// A choice of agents as the wire tells it: the numbers of spec/wire.md §2, one sentence of reasons, and the
// candidates behind it. Where H¹ could not tell candidates apart, the sentence says so and names what did.
import { riskOf } from "./emergence.ts";
import type { CandidateView, Criterion, RoutingDecision } from "./fleet-facts.ts";
import type { Settings } from "./fleet-settings.ts";
import { type GraphCounts, loops } from "./graph.ts";
import { type Candidate, type Choice, difference, type RouteRequest } from "./routing.ts";

/** How many of those not chosen a decision shows. */
const OTHERS_SHOWN = 4;

/** The decision a choice amounts to. */
export function decisionOf(
  taskId: string,
  request: RouteRequest,
  choice: Choice,
  { offset, minConfidence }: Settings,
): RoutingDecision {
  const wanted = new Set(request.required).size;
  const share = (candidate: Candidate): number => (wanted === 0 ? 1 : candidate.matches / wanted);
  const match = Math.min(1, ...choice.picks.map(share));
  const risk = riskOf(choice.after, offset);
  const last = choice.picks.at(-1);
  const [next] = choice.others;
  const decidedBy =
    last === undefined || next === undefined ? null : difference(request.policy, last, next)[0];
  return {
    agent_id: choice.picks[0]?.id ?? "",
    task_id: taskId,
    h1_before: loops(choice.before),
    h1_after: loops(choice.after),
    confidence: Math.max(minConfidence, Math.min(1, match * (1 - risk))),
    emergence_risk: risk,
    capability_match_score: match,
    reasoning: reasonsOf(request, choice, decidedBy, wanted),
    agent_ids: choice.picks.map(({ id }) => id),
    policy: request.policy,
    fallback: choice.fallback,
    decided_by: decidedBy,
    considered: choice.considered,
    capped: choice.capped,
    candidates: candidatesOf(request, choice, share),
  };
}

/** The decision of a fleet without agents: nobody, with confidence 0. */
export function nobody(taskId: string, request: RouteRequest, counts: GraphCounts): RoutingDecision {
  return {
    agent_id: "",
    task_id: taskId,
    h1_before: loops(counts),
    h1_after: loops(counts),
    confidence: 0,
    emergence_risk: 0,
    capability_match_score: request.required.length === 0 ? 1 : 0,
    reasoning: "The fleet has no agents, so nobody was chosen.",
    agent_ids: [],
    policy: request.policy,
    fallback: true,
    decided_by: null,
    considered: 0,
    capped: false,
    candidates: [],
  };
}

function candidatesOf(
  request: RouteRequest,
  choice: Choice,
  share: (candidate: Candidate) => number,
): readonly CandidateView[] {
  const last = choice.picks.at(-1);
  const view = (candidate: Candidate, whyNot: Criterion | null): CandidateView => ({
    agent_id: candidate.id,
    load: candidate.load,
    h1_delta: candidate.h1Delta,
    capability_match_score: share(candidate),
    why_not: whyNot,
  });
  const others = last === undefined ? [] : choice.others.slice(0, OTHERS_SHOWN);
  return [
    ...choice.picks.map((pick) => view(pick, null)),
    ...others.map((other) =>
      view(other, last === undefined ? null : difference(request.policy, last, other)[0]),
    ),
  ];
}

function reasonsOf(
  request: RouteRequest,
  choice: Choice,
  decidedBy: Criterion | null,
  wanted: number,
): string {
  const last = choice.picks.at(-1);
  if (last === undefined) return "Nobody has room.";
  const parts = [skill(choice, last, wanted), why(choice, last, decidedBy)];
  if (request.policy === "h1" && choice.h1Silent && choice.considered > choice.picks.length) {
    parts.push(`H¹ could not tell the candidates apart (Δβ₁ ${last.h1Delta} for each)`);
  }
  if (last.crosses) parts.push("no candidate looked at keeps emergence away");
  if (choice.capped) parts.push(`only ${choice.considered} of the candidates were looked at, by load`);
  return `${parts.join("; ")}.`;
}

function skill(choice: Choice, last: Candidate, wanted: number): string {
  const names = choice.picks.map(({ id }) => id).join(", ");
  const have = choice.picks.length === 1 ? "has" : "have";
  if (choice.fallback) {
    return `Fallback: nobody has all required capabilities, and ${names} ${have} at least ${last.matches} of ${wanted}`;
  }
  if (wanted === 0) return `${names} ${have} room`;
  return `${names} ${have} all ${wanted} required capabilities`;
}

function why(choice: Choice, last: Candidate, by: Criterion | null): string {
  const [next] = choice.others;
  if (next === undefined || by === null) return "there was no other candidate";
  const rest = choice.picks.length === 1 ? "" : "for the last place, ";
  switch (by) {
    case "match":
      return `${rest}${next.id}, the next, has fewer of them (${next.matches})`;
    case "crossing":
      return `${rest}${next.id}, the next, would bring emergence`;
    case "preference":
      return `${rest}${last.id} was preferred to ${next.id}`;
    case "h1":
      return `${rest}${last.id} closes no loop, where ${next.id} (load ${next.load}) would close ${next.h1Delta}`;
    case "blast-radius":
      return `${rest}the task is then in a component of ${last.radius} vertices, with ${next.id} of ${next.radius}`;
    case "load":
      return `${rest}load decided: ${last.id} has ${last.load}, ${next.id}, the next, ${next.load}`;
    case "id":
      return `${rest}load too is equal (${last.load}), so the id decided between ${last.id} and ${next.id}`;
  }
}
