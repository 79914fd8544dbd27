// `holodeck run PLAN.yaml`: a plan's session from its start to its end.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HolodeckError } from "../event/error.ts";
import { SessionManager } from "../local.ts";
import { keepPlan, sessionConfigOf, spoolOf, spoolsOf, type PlanSourceFile } from "../run/plan-session.ts";
import { parsePlan } from "../run/plan.ts";
import type { Io } from "./io.ts";
import { checkOutputFile } from "./output-file.ts";
import { dataFolderOf, leaseOf, runSession, sweep, type RunOptions } from "./run-session.ts";
import { finish } from "./summary.ts";

export interface RunPlanOptions extends RunOptions {
  /** How many tasks run at once, over the plan's own limit. */
  readonly concurrency?: number;
}

/** Answers the exit code. Throws `invalid_plan` with every fault before anything has started. */
export async function command(
  [file = ""]: readonly string[],
  options: RunPlanOptions,
  io: Io,
): Promise<number> {
  if (options.junit !== undefined) checkOutputFile(options.junit);
  const dataFolder = dataFolderOf(options.store, io);
  return await runSource({ text: readPlan(file), file, folder: resolve("."), dataFolder }, options, io);
}

/** Runs a plan that has been read. */
export async function runSource(source: PlanSourceFile, options: RunPlanOptions, io: Io): Promise<number> {
  const environment = io.env;
  const parsed = parsePlan({ text: source.text, file: source.file, environment });
  const { concurrency = parsed.limits.concurrency } = options;
  const plan = { ...parsed, limits: { ...parsed.limits, concurrency } };
  const ports = options.store === undefined ? {} : { store: options.store };
  await using manager = new SessionManager(sessionConfigOf(plan), ports);
  const store = await manager.store();
  await sweep(store, spoolsOf(source.dataFolder));
  const session = await manager.startSession({ plan: await keepPlan(store, plan, source, environment) });
  const spool = spoolOf(source.dataFolder, session.sessionId);
  const { folder } = source;
  await using lease = leaseOf(store, session.sessionId);
  await lease.take(null);
  await runSession({ router: manager, session, store, plan, folder, spool, lease }, options, io);
  return await finish(session, store, options, io);
}

function readPlan(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new HolodeckError("not_found", {
      what: `The plan ${file} cannot be read (${why}).`,
      todo: "Check the path; examples/repo-audit.yaml is one to start from.",
      cause,
    });
  }
}
