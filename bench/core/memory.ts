// Row 4: what a decision costs without a store (decide, evolve, bytes, hash and head), beside `JSON.stringify` and
// SHA-256 alone over the same events.
import { hash } from "node:crypto";
import { Batch } from "../../src/event/batch.ts";
import type { Event } from "../../src/event/event.ts";
import { sessionAggregate } from "../../src/session/aggregate.ts";
import type { SessionCommand } from "../../src/session/commands.ts";
import { measure, rate, timed, type Row } from "../harness.ts";
import { BOOT, newPosition, sessionCommands, STREAM } from "./commands.ts";

/** As many as a session may have unless it is told otherwise. */
const TASKS = 50;

const SESSIONS = 300;

export async function memoryRow(): Promise<Row> {
  const commands = sessionCommands(TASKS);
  // What the floor encodes is kept once, beforehand: who decides keeps no events, and carrying them along is no part of it.
  const events: Event[] = [];
  for (let session = 0; session < SESSIONS; session++)
    decideAll(commands, (decided) => events.push(...decided));
  const pairs = await measure(async () => {
    let count = 0;
    const ours = await timed(() => {
      for (let session = 0; session < SESSIONS; session++)
        decideAll(commands, (decided) => (count += decided.length));
    });
    if (count !== events.length) throw new Error("Not every event was decided.");
    let length = 0;
    const floor = await timed(() => {
      for (const event of events) length += hash("sha256", JSON.stringify(event), "hex").length;
    });
    if (length !== events.length * 64) throw new Error("Not every event was hashed.");
    return { ours, floor };
  });
  const notes = [
    `Each command is settled, decided, folded and given its head alone, as in one append each: ${SESSIONS} sessions of ${TASKS} tasks.`,
  ];
  return {
    what: "decide + evolve + bytes + hash, in memory",
    reach: { speed: 0.4 },
    pairs,
    show: rate(events.length),
    notes,
  };
}

/** One session from its start, each command settled, decided, folded, encoded and given its head, as in one append each. */
function decideAll(
  commands: readonly SessionCommand[],
  onDecided: (events: readonly Event[]) => unknown,
): void {
  const position = newPosition();
  for (const command of commands) {
    const moment = { now: command.now, boot: BOOT };
    const batch = new Batch(sessionAggregate, STREAM, position);
    batch.settle(moment);
    batch.decide(command, []);
    batch.settle(moment);
    onDecided(batch.item()?.events.map(({ event }) => event) ?? []);
  }
}
