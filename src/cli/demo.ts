// `holodeck demo`: the example of the specification through the library, then a plan that does real work.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SessionManager } from "../local.ts";
import { TaskOutcome } from "../session/outcome.ts";
import { note, type Io } from "./io.ts";
import { runSource } from "./run.ts";
import { dataFolderOf, type RunOptions } from "./run-session.ts";

/** The package's own folder: in a checkout the audit reads the sources, in an installation what was shipped. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

export async function command(_args: readonly string[], options: RunOptions, io: Io): Promise<number> {
  await playExample(options, io);
  return await playPlan(options, io);
}

/** A plan that does real work; answers the exit code it ends with. */
export async function playPlan(options: RunOptions, io: Io): Promise<number> {
  note(io, "");
  note(
    io,
    "2. A plan: real processes, each under a guard, in a session that survives a crash (examples/repo-audit.yaml)",
  );
  const source = {
    text: readFileSync(`${PACKAGE}examples/repo-audit.yaml`, "utf8"),
    file: "examples/repo-audit.yaml",
    folder: PACKAGE,
    dataFolder: dataFolderOf(options.store, io),
  };
  return await runSource(source, options, io);
}

/** The full example of spec/holodeck-session-manager.txt: three tasks, routed by H¹, one of which fails. */
export async function playExample(options: RunOptions, io: Io): Promise<void> {
  note(io, "1. The library: a session with three routed tasks");
  const config = {
    sessionName: "constraint-theory-research",
    agentId: "oracle1",
    tags: ["research", "constraint-theory", "h1"],
    scoutRoom: "gc/research/scout-reports/holodeck-session",
    h1RouterEnabled: true,
  };
  const store = options.store === undefined ? {} : { store: options.store };
  await using manager = new SessionManager(config, store);
  const session = await manager.startSession();
  const work = [
    ["analyze-fleet-h1", ["research", "plato"]],
    ["compute-cohomology", ["compilation", "constraint-theory"]],
    ["write-findings", ["publishing"]],
  ] as const;
  for (const [taskId, capabilities] of work) {
    await manager.routeTaskH1(taskId, capabilities);
    const outcome = taskId === "compute-cohomology" ? TaskOutcome.FAILED : TaskOutcome.SUCCESS;
    await session.completeTask(taskId, outcome, { durationMs: 234 });
  }
  await session.endSession("success");
  for (const tile of await session.tiles()) note(io, `   ${tile.question}`);
  note(io, `   patterns: ${session.patterns.join(", ")}`);
}
