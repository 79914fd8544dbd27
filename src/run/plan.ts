// A plan: the YAML a person writes, read and checked as a whole. Every fault is found in one go, with its place and
// what to write instead.
import { availableParallelism } from "node:os";
import { HolodeckError } from "../event/error.ts";
import { checkPlan } from "./plan-check.ts";
import { readSource, type PlanSource, type SourceFault } from "./plan-source.ts";
import type { Plan } from "./plan-schema.ts";
import { checkShape, type PathFault } from "./plan-shape.ts";

/** What is wrong with a plan, where, and what to write. */
export interface PlanFault extends SourceFault {
  readonly file: string;
}

export interface ParseParams {
  /** YAML, at most 1 MiB. */
  readonly text: string;
  /** The file's name, for messages. */
  readonly file: string;
  /** Where the secrets' values are; leave it out to check the plan without them. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What `limits.concurrency` is when the plan does not say. Default: the machine's cores. */
  readonly cores?: number;
}

/** All faults of a plan in one error; its message has a line for each. */
export class PlanError extends HolodeckError {
  readonly faults: readonly PlanFault[];

  constructor(file: string, faults: readonly SourceFault[]) {
    const lines = faults.map(({ line, what, todo }) => `${file}:${line}: ${what} ${todo}`);
    const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
    super("invalid_plan", {
      what: `${file} has ${count}:\n${lines.join("\n")}`,
      todo: "Correct it and run it again; nothing has been started.",
    });
    this.faults = faults.map((fault) => Object.assign({ file }, fault));
  }
}

/** Reads and checks a plan. Throws a `PlanError` (`invalid_plan`) with every fault, in the order of lines. */
export function parsePlan({ text, file, environment, cores = availableParallelism() }: ParseParams): Plan {
  const source = readSource(text);
  const shape = source.value === undefined ? { faults: [], plan: null } : checkShape(source.value);
  const found = [...shape.faults, ...(shape.plan === null ? [] : checkPlan(shape.plan, environment))];
  const faults = [...source.faults, ...found.map((fault) => placed(fault, source))];
  if (faults.length > 0 || shape.plan === null) throw new PlanError(file, faults.sort(byPlace));
  const { limits } = shape.plan;
  return { ...shape.plan, limits: { ...limits, concurrency: limits.concurrency ?? Math.max(1, cores) } };
}

function placed({ at, of, path, what, todo }: PathFault, source: PlanSource): SourceFault {
  return { ...source.place(at, of), path, what, todo };
}

function byPlace(a: SourceFault, b: SourceFault): number {
  return a.line - b.line || a.column - b.column;
}
