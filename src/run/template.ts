// Placeholders: {{prompt}} and {{prompt_file}} in an agent's command, {{tasks.ID.result}} in a prompt or in a `run`
// that is a list. They are filled into whole arguments, never into a shell line (shell-line.ts tells which those are).
// {{{{ stands for {{ itself.
import { HolodeckError } from "../event/error.ts";
import type { Json } from "../event/json.ts";

export type Placeholder =
  | { readonly kind: "prompt" | "prompt_file" | "literal"; readonly text: string }
  | { readonly kind: "result"; readonly text: string; readonly task: string }
  | { readonly kind: "unknown"; readonly text: string };

export interface FillValues {
  /** The filled prompt. */
  readonly prompt?: string;
  readonly promptFile?: string;
  /** Results of the tasks that have one. */
  readonly results: ReadonlyMap<string, Json>;
}

const PLACEHOLDER = /\{\{\{\{|\{\{([^{}]*)\}\}/g;

/** Every placeholder of a text, in order. */
export function placeholdersIn(text: string): readonly Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].map(([whole, inner]) => placeholder(whole, inner));
}

/**
 * Fills an argument list, each element for itself: a value never becomes two arguments, nor part of another. Throws
 * `invalid_argument` when a result is missing or a value holds a NUL, which no argument can carry.
 */
export function fillArguments(
  argv: readonly [string, ...string[]],
  values: FillValues,
): readonly [string, ...string[]] {
  const [program, ...rest] = argv;
  return [fillText(program, values), ...rest.map((element) => fillText(element, values))];
}

/** Fills a text, such as a prompt. What a value holds is not looked at again. Throws as `fillArguments` does. */
export function fillText(text: string, values: FillValues): string {
  const filled = text.replaceAll(PLACEHOLDER, (whole: string, inner: string | undefined) =>
    valueOf(placeholder(whole, inner), values),
  );
  if (!filled.includes("\0")) return filled;
  throw new HolodeckError("invalid_argument", {
    what: "A value holds a NUL character, which no argument of a program can carry.",
    todo: "Read it from its file below $HOLODECK_RESULTS.",
  });
}

function placeholder(text: string, inner: string | undefined): Placeholder {
  if (inner === undefined) return { kind: "literal", text };
  const name = inner.trim();
  if (name === "prompt" || name === "prompt_file") return { kind: name, text };
  const task = /^tasks\.(.+)\.result$/.exec(name)?.[1];
  return task === undefined ? { kind: "unknown", text } : { kind: "result", text, task };
}

function valueOf(found: Placeholder, { prompt, promptFile, results }: FillValues): string {
  switch (found.kind) {
    case "literal":
      return "{{";
    case "prompt":
      return prompt ?? missing(found.text);
    case "prompt_file":
      return promptFile ?? missing(found.text);
    case "result": {
      const result = results.get(found.task);
      if (result === undefined) return missing(found.text);
      return typeof result === "string" ? result : JSON.stringify(result);
    }
    case "unknown":
      return missing(found.text);
  }
}

function missing(text: string): never {
  throw new HolodeckError("invalid_argument", {
    what: `There is no value for ${text}.`,
    todo: "Let the task write JSON to $HOLODECK_RESULT_FILE or as its last line, or read what there is from $HOLODECK_RESULTS.",
  });
}
