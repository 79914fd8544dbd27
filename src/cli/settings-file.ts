// Reads the configuration file. Every fault is found in one go, with its line and what to write instead.
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { HolodeckError } from "../event/error.ts";
import { nearest } from "../run/nearest.ts";
import { describeValue, valueAt } from "../run/plan-shape.ts";
import {
  pathText,
  readSource,
  type PlanPath,
  type PlanSource,
  type SourceFault,
} from "../run/plan-source.ts";
import { jwtSchema, settingsSchema, webhookSchema, type SettingsInFile } from "./settings-schema.ts";

/** Throws `not_found` for a file that cannot be read, `invalid_argument` for one with faults. */
export function readSettings(file: string): SettingsInFile {
  const source = readSource(readText(file), "configuration");
  const parsed = settingsSchema.safeParse(source.value ?? {});
  // What is no YAML has no shape either.
  const issues = source.value === undefined ? [] : (parsed.error?.issues ?? []);
  const faults = [...source.faults, ...issues.flatMap((issue) => faultsOf(issue, source))];
  if (faults.length === 0 && parsed.data !== undefined) return parsed.data;
  const lines = faults
    .sort((a, b) => a.line - b.line)
    .map(({ line, what, todo }) => `${file}:${line}: ${what} ${todo}`);
  throw new HolodeckError("invalid_argument", {
    what: `${file} has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${lines.join("\n")}\n`,
    todo: "Correct it; `holodeck config show` tells what holds.",
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new HolodeckError("not_found", {
      what: `The configuration ${file} cannot be read (${why}).`,
      todo: "Check the path of --config or HOLODECK_CONFIG.",
      cause,
    });
  }
}

function faultsOf(issue: z.core.$ZodIssue, source: PlanSource): readonly SourceFault[] {
  const at = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(at, key, source));
  const path = pathText(at);
  const named = at.length === 0 ? "The configuration" : path;
  const what = `${named} ${describeValue(valueAt(source.value, at))}.`;
  return [{ ...source.place(at), path, what, todo: issue.message }];
}

function unknownKey(at: PlanPath, key: string, source: PlanSource): SourceFault {
  const known = Object.keys(schemaAt(at).shape);
  const path = [...at, key];
  const near = nearest(key, known);
  return {
    ...source.place(path, "key"),
    path: pathText(path),
    what: `${pathText(path)} is not a key of a configuration.`,
    todo: near === null ? `Use one of ${known.join(", ")}.` : `Did you mean ${near}? Write that.`,
  };
}

function schemaAt([first]: PlanPath): z.ZodObject {
  if (first === undefined) return settingsSchema;
  return first === "webhooks" ? webhookSchema : jwtSchema;
}
