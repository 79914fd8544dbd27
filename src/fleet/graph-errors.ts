// What is wrong with what a graph was asked for, and what to ask for instead.
import { HolodeckError } from "../event/error.ts";

export function taken(id: string): HolodeckError {
  return new HolodeckError("conflict", {
    what: `The fleet already has a vertex ${JSON.stringify(id)}.`,
    todo: "Choose another id, or remove the vertex first.",
  });
}

export function selfLoop(id: string): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `An edge from ${JSON.stringify(id)} to itself was asked for.`,
    todo: "Name two different vertices.",
  });
}

export function directedAssignment(): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: "An assignment has no direction.",
    todo: "Direct a dependency (a waits for b) or a delegation (a hands over to b).",
  });
}

export function noEdge(spec: {
  readonly a: string;
  readonly b: string;
  readonly kind: string;
  readonly directed?: boolean;
}): HolodeckError {
  return new HolodeckError("not_found", {
    what: `No such ${spec.directed === true ? "directed " : ""}${spec.kind} joins ${JSON.stringify(spec.a)} and ${JSON.stringify(spec.b)}.`,
    todo: "Name an edge that was added, with its kind and direction.",
  });
}

export function noVertex(id: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `The fleet has no vertex ${JSON.stringify(id)}.`,
    todo: "Register the agent, task or resource first.",
  });
}
