// A durable effect that follows from each task's end: a note in a stream of its own, made by a reactor.
import type { Clock } from "../../src/event/clock.ts";
import type { Aggregate, Moment, Timed } from "../../src/event/decider.ts";
import { streamId, type Fact, type Hash } from "../../src/event/event.ts";
import { Reactor } from "../../src/event/reactor.ts";
import { Runtime } from "../../src/event/runtime.ts";
import type { Store } from "../../src/store/port.ts";

interface Note extends Timed {
  readonly of: Hash;
}

type Noted = Fact & { readonly type: "noted"; readonly data: { readonly of: Hash } };

/** It would note the same twice: only the key keeps it from that. */
const notes: Aggregate<{ count: number }, Note, Noted> = {
  initial: () => ({ count: 0 }),
  decide: (_, { of }) => [{ type: "noted", room: null, data: { of } }],
  evolve: ({ count }) => ({ count: count + 1 }),
  head: ({ count }) => ({
    kind: "notes",
    status: "open",
    createdAt: 0,
    dueAt: null,
    labels: [],
    summary: { count },
  }),
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state) => state,
    load: (json) => json as { count: number },
  },
};

export interface NoteTakerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly onError?: (error: unknown) => void;
}

export function noteTaker({ store, clock, onError = () => undefined }: NoteTakerOptions): Reactor {
  const moment = (): Moment => ({ now: clock.now(), boot: clock.boot() });
  const runtime = new Runtime({ aggregate: notes, log: store, moment });
  return new Reactor({
    name: "notes",
    log: store,
    clock,
    onError,
    limit: 16,
    react: async ({ event, hash }, key) => {
      if (event.type !== "task_ended") return;
      const id = event.stream.slice(event.stream.indexOf(":") + 1);
      await runtime.execute(streamId("notes", id), { of: hash }, key);
    },
  });
}
