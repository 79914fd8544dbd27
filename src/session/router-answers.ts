// What an H1 router answers, spec/wire.md §2, judged: whatever does not fit is nonsense, and nobody is routed by it.
import type { H1Status, RouterAlert, RoutingDecision } from "./router.ts";

/** A decision without what the answer does not tell. */
export type AnsweredDecision = Omit<RoutingDecision, "alert" | "unreachable">;

const REASONING_LENGTH_MAX = 1_000;

/** Null for an answer that is none to this task. */
export function decisionFrom(body: unknown, taskId: string): AnsweredDecision | null {
  if (!isRecord(body)) return null;
  const agentId = body["agent_id"];
  const h1Before = countOf(body["h1_before"]);
  const h1After = countOf(body["h1_after"]);
  const confidence = shareOf(body["confidence"]);
  const emergenceRisk = shareOf(body["emergence_risk"]);
  const capabilityMatchScore = shareOf(body["capability_match_score"]);
  if (typeof agentId !== "string" || !(agentId === "" || isName(agentId))) return null;
  if (body["task_id"] !== undefined && body["task_id"] !== taskId) return null;
  if (h1Before === null || h1After === null) return null;
  if (confidence === null || emergenceRisk === null || capabilityMatchScore === null) return null;
  return {
    agentId,
    taskId,
    h1Before,
    h1After,
    confidence,
    emergenceRisk,
    capabilityMatchScore,
    reasoning: textOf(body["reasoning"]),
    fallback: body["fallback"] === true || capabilityMatchScore < 1,
  };
}

/** The upward crossing that our own server tells with a decision; null without one. */
export function alertFrom(body: unknown): RouterAlert | null {
  const alert = isRecord(body) ? body["alert"] : null;
  if (!isRecord(alert)) return null;
  const h1 = countOf(alert["h1_dimension"]);
  const threshold = alert["v_threshold"];
  const vertices = countOf(alert["n_vertices"]);
  const edges = countOf(alert["n_edges"]);
  if (h1 === null || vertices === null || edges === null) return null;
  if (typeof threshold !== "number" || !Number.isSafeInteger(threshold)) return null;
  return { h1, threshold, vertices, edges, recommendation: textOf(alert["recommendation"]) };
}

/** Null for an answer that is no snapshot. */
export function statusFrom(body: unknown): H1Status | null {
  if (!isRecord(body)) return null;
  const h1 = countOf(body["h1_dimension"]);
  const vertices = countOf(body["n_vertices"]);
  const edges = countOf(body["n_edges"]);
  const components = countOf(body["n_components"]);
  const threshold = body["threshold"];
  const emergence = body["emergence"];
  if (h1 === null || vertices === null || edges === null || components === null) return null;
  if (typeof threshold !== "number" || !Number.isSafeInteger(threshold)) return null;
  if (typeof emergence !== "boolean") return null;
  return { h1, threshold, vertices, edges, components, emergence };
}

/** What a refusal says of itself, for people. */
export function errorOf(body: unknown): string {
  if (!isRecord(body)) return "";
  return textOf(body["error"] ?? body["detail"]);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(text: string): boolean {
  return text.length <= 256 && text.trim() !== "" && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function shareOf(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value <= 1 ? value : null;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") return "";
  return value
    .slice(0, REASONING_LENGTH_MAX)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, " ");
}
