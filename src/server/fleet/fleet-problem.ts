// Errors of `/v1/fleet`: the problem details of all of /v1, so that a code says one thing wherever it comes from.
import { problemOf, problemResponse } from "../v1/problems.ts";

/** Answers any error. What is the server's own trouble is told to `report`. */
export function answerProblem(error: unknown, report: (error: unknown) => void): Response {
  if (Number(problemOf(error).body["status"]) >= 500) report(error);
  return problemResponse(error);
}
