// Where placeholders may stand. A value is passed as a whole argument or by file; it is never pasted into a shell
// line, and never becomes code. The one exception is the author's own: an element that is {{prompt}} and nothing
// else may be a shell line, as in [sh, -c, "{{prompt}}"], while the prompt is the author's text alone.
import { capableAgents } from "./plan-order.ts";
import { ancestorsOf } from "./plan-graph.ts";
import type { ParsedPlan } from "./plan-schema.ts";
import { faultAt, type PathFault } from "./plan-shape.ts";
import type { PlanPath } from "./plan-source.ts";
import { codeReader } from "./shell-line.ts";
import { placeholdersIn, type Placeholder } from "./template.ts";

type ParsedTask = ParsedPlan["tasks"][number];
type ParsedAgent = ParsedPlan["agents"][number];

const FILES_TODO = 'Read the file "$HOLODECK_RESULTS/ID.json" there, or write `run` as a list.';

export function checkPlaceholders(plan: ParsedPlan): readonly PathFault[] {
  return [
    ...plan.agents.flatMap((agent, index) => inCommand(plan, agent, ["agents", index, "command"])),
    ...plan.tasks.flatMap((task, index) => [
      ...inRun(plan, task, ["tasks", index, "run"]),
      ...inPrompt(plan, task, ["tasks", index, "prompt"]),
    ]),
  ];
}

function inCommand(plan: ParsedPlan, agent: ParsedAgent, at: PlanPath): readonly PathFault[] {
  const { command } = agent;
  if (command === undefined) return [];
  const takesPrompt = command.some((element) => placeholdersIn(element).some(isPrompt));
  const hasPrompts = plan.tasks.some(
    (task) => task.prompt !== undefined && capableAgents(plan, task).includes(agent),
  );
  const deaf =
    hasPrompts && !takesPrompt
      ? [
          faultAt(
            at,
            `The command of ${agent.id} does not take its prompt.`,
            'Add "{{prompt}}" or "{{prompt_file}}".',
          ),
        ]
      : [];
  const faults = command.flatMap((element, index) =>
    placeholdersIn(element).flatMap((found) => {
      const path = [...at, index];
      if (found.kind === "literal") return [];
      if (!isPrompt(found)) {
        return [
          faultAt(
            path,
            `${found.text} is not filled in a command.`,
            "Use {{prompt}} or {{prompt_file}}; write {{{{ for {{ itself.",
          ),
        ];
      }
      if (index === 0)
        return [faultAt(path, `${found.text} cannot be the program itself.`, "Write the program first.")];
      const reader = codeReader(command, index);
      if (reader === null || (found.kind === "prompt" && found.text === element)) return [];
      const what = `${found.text} would be pasted into a line that ${reader} runs.`;
      return [
        faultAt(path, what, 'Pass it as an argument, as in [sh, -c, \'grep "$1" file\', sh, "{{prompt}}"].'),
      ];
    }),
  );
  return [...deaf, ...faults];
}

function inRun(plan: ParsedPlan, task: ParsedTask, at: PlanPath): readonly PathFault[] {
  const { run } = task;
  if (run === undefined) return [];
  if (typeof run === "string") {
    // Nothing is filled in a shell line, so other braces in it are the author's own.
    const ours = placeholdersIn(run).find((found) => found.kind === "result" || isPrompt(found));
    if (ours === undefined) return [];
    return [faultAt(at, `${ours.text} is never pasted into a shell line.`, FILES_TODO)];
  }
  return run.flatMap((element, index) =>
    placeholdersIn(element).flatMap((found) => {
      const path = [...at, index];
      const fault = resultFault(plan, task, { found, path });
      if (fault !== null || found.kind === "literal") return fault ?? [];
      if (index === 0)
        return [faultAt(path, `${found.text} cannot be the program itself.`, "Write the program first.")];
      const reader = codeReader(run, index);
      if (reader === null) return [];
      const what = `${found.text} would be pasted into a line that ${reader} runs.`;
      return [faultAt(path, what, 'Pass it as an argument of its own and use "$1" in the line.')];
    }),
  );
}

function inPrompt(plan: ParsedPlan, task: ParsedTask, at: PlanPath): readonly PathFault[] {
  const { prompt } = task;
  if (prompt === undefined) return [];
  return placeholdersIn(prompt).flatMap((found) => {
    const fault = resultFault(plan, task, { found, path: at });
    if (fault !== null || found.kind === "literal") return fault ?? [];
    return capableAgents(plan, task).flatMap((agent) => {
      const reader = readerOfPrompt(agent.command ?? []);
      if (reader === null) return [];
      const what = `${found.text} would become code: ${reader} runs the prompt of the agent ${agent.id} as a line.`;
      return [
        faultAt(
          at,
          what,
          'Read the file "$HOLODECK_RESULTS/ID.json" in the prompt, or use an agent that takes {{prompt}} as an argument.',
        ),
      ];
    });
  });
}

/** Who would read the prompt as code in a command; null when nobody. */
function readerOfPrompt(command: readonly string[]): string | null {
  for (const [index, element] of command.entries()) {
    const reader = placeholdersIn(element).some(isPrompt) ? codeReader(command, index) : null;
    if (reader !== null) return reader;
  }
  return null;
}

/** A fault when the placeholder is none of an earlier task's results; null when it is one. */
function resultFault(
  plan: ParsedPlan,
  task: ParsedTask,
  { found, path }: { readonly found: Placeholder; readonly path: PlanPath },
): readonly PathFault[] | null {
  if (found.kind === "literal") return null;
  if (found.kind !== "result") {
    return [
      faultAt(
        path,
        `${found.text} is not filled here.`,
        "Use {{tasks.ID.result}}; write {{{{ for {{ itself.",
      ),
    ];
  }
  if (!plan.tasks.some(({ id }) => id === found.task)) {
    return [faultAt(path, `${found.text} names no task of the plan.`, "Name a task that comes before.")];
  }
  if (ancestorsOf(plan.tasks, task.id).has(found.task)) return null;
  return [
    faultAt(path, `${found.task} does not come before ${task.id}.`, `Write after: [${found.task}] as well.`),
  ];
}

function isPrompt(found: Placeholder): boolean {
  return found.kind === "prompt" || found.kind === "prompt_file";
}
