// Row 4: what a decision costs without a store (decide, evolve, bytes, hash and head), beside `JSON.stringify` and
// SHA-256 alone over the same events.
import { hash } from "node:crypto";
import { Batch } from "../../src/event/batch.ts";
import type { Event } from "../../src/event/event.ts";
import { sessionAggregate } from "../../src/session/aggregate.ts";
import { measure, rate, timed, type Row } from "../harness.ts";
import { newPosition, sessionCommands, STREAM } from "./commands.ts";

const TASKS = 5_000;

export async function memoryRow(): Promise<Row> {
  const commands = sessionCommands(TASKS);
  const moment = { now: 0, boot: { id: "boot", offsetMs: 0 } };
  let events: readonly Event[] = [];
  const pairs = await measure(async () => {
    const decided: Event[] = [];
    const ours = await timed(() => {
      const position = newPosition();
      for (const command of commands) {
        const batch = new Batch(sessionAggregate, STREAM, position);
        batch.settle({ ...moment, now: command.now });
        batch.decide(command, []);
        batch.settle({ ...moment, now: command.now });
        for (const { event } of batch.item()?.events ?? []) decided.push(event);
      }
    });
    events = decided;
    let length = 0;
    const floor = await timed(() => {
      for (const event of decided) length += hash("sha256", JSON.stringify(event), "hex").length;
    });
    if (length !== decided.length * 64) throw new Error("Not every event was hashed.");
    return { ours, floor };
  });
  const notes = ["Each command is settled, decided, folded and given its head alone, as in one append each."];
  return {
    what: "decide + evolve + bytes + hash, in memory",
    reach: { speed: 0.4 },
    pairs,
    show: rate(events.length),
    notes,
  };
}
