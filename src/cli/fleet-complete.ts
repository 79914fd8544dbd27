// `holodeck fleet complete TASK`: a task that was given out by `holodeck route` is done, and its agents are free.
import { EXIT } from "./exit-codes.ts";
import { commandFleet } from "./fleet-runtime.ts";
import type { FleetOptions } from "./fleet-state.ts";
import { print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export async function command(
  [task = ""]: readonly string[],
  options: FleetOptions,
  io: Io,
): Promise<number> {
  for (const { type, data } of await commandFleet({ type: "complete", task_id: task }, options, io)) {
    if (type !== "task_completed") continue;
    if (options.json === true) printJson(io, { task_id: task, freed: data.freed });
    else
      print(
        io,
        `${printable(task)} is done; free are ${data.freed.map((id) => printable(id)).join(", ") || "none"}.`,
      );
  }
  return EXIT.ok;
}
