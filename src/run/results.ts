// Results of earlier tasks as files, one a task: how a shell line reads them. The folder is HOLODECK_RESULTS.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../event/json.ts";

/** The file of a task's result below the folder. Ids of a checked plan are file names, distinct in any letter case. */
export function resultFileName(taskId: string): string {
  return `${taskId}.json`;
}

/** Writes one JSON file a result; the folder is made when it is not there. */
export function writeResults(params: {
  readonly folder: string;
  readonly results: ReadonlyMap<string, Json>;
}): void {
  mkdirSync(params.folder, { recursive: true, mode: 0o700 });
  for (const [taskId, result] of params.results) {
    writeFileSync(join(params.folder, resultFileName(taskId)), `${JSON.stringify(result)}\n`, {
      mode: 0o600,
    });
  }
}
