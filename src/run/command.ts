// What a guard is to run for a task: its `run`, or its agent's command with the task's prompt.
import { HolodeckError } from "../event/error.ts";
import type { Json } from "../event/json.ts";
import { promptFile } from "./guard-protocol.ts";
import type { PlanAgent, PlanTask } from "./plan-schema.ts";
import { fillArguments, fillText } from "./template.ts";

export interface CommandParams {
  readonly task: PlanTask;
  /** Who does it; null for a `run` that asks for nobody. */
  readonly agent: PlanAgent | null;
  /** Results of the tasks that have one. */
  readonly results: ReadonlyMap<string, Json>;
  readonly spoolDir: string;
}

/** For `GoSpec`: the arguments, and the prompt where there is one. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly prompt?: string;
}

/** Throws `invalid_argument` when a result that is asked for is missing, or cannot be an argument. */
export function commandFor({ task, agent, results, spoolDir }: CommandParams): Command {
  const { run, prompt } = task;
  if (typeof run === "string") return { argv: ["sh", "-c", run] };
  if (run !== undefined) return { argv: fillArguments(run, { results }) };
  if (prompt === undefined || agent?.command === undefined) throw nothingToRun(task.id);
  const filled = fillText(prompt, { results });
  const argv = fillArguments(agent.command, { prompt: filled, promptFile: promptFile(spoolDir), results });
  return { argv, prompt: filled };
}

function nothingToRun(id: string): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `The task ${id} has nothing to run: no \`run\`, and no agent with a command for a prompt.`,
    todo: "Pass an agent of capableAgents(plan, task).",
  });
}
