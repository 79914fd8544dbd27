// Given / when / then for any aggregate: past commands, a command, and what it yields. (`then` itself would make it a promise.)
import { deepStrictEqual, fail } from "node:assert/strict";
import { Batch } from "../event/batch.ts";
import type { Aggregate, Happened, Moment, Refusal, Timed } from "../event/decider.ts";
import { streamId, type Fact } from "../event/event.ts";
import type { Untimed } from "../event/runtime.ts";

export interface Scenario<State, Command extends Timed, F extends Fact> {
  /** Lets time pass. */
  readonly after: (ms: number) => Scenario<State, Command, F>;
  /** Gives a command that must be carried out; its events are part of what is given. */
  readonly having: (...commands: readonly Untimed<Command>[]) => Scenario<State, Command, F>;
  /** Gives the command whose outcome is looked at. What is due comes first. */
  readonly when: (command: Untimed<Command>) => Outcome<State, F>;
}

export interface Outcome<State, F extends Fact> {
  readonly events: readonly Happened<F>[];
  readonly refusal: Refusal | null;
  readonly state: State;
  /** The types of the events, in order. */
  readonly yields: (...types: readonly F["type"][]) => Outcome<State, F>;
  /** A refusal with this code, changing nothing but what was due. */
  readonly refused: (code: Refusal["code"], what?: RegExp) => Outcome<State, F>;
}

/** Starts a scenario at a moment (default the epoch plus a day). */
export function given<State, Command extends Timed, F extends Fact>(
  aggregate: Aggregate<State, Command, F>,
  moment: Moment = { now: 86_400_000, boot: { id: "test-boot", offsetMs: 0 } },
): Scenario<State, Command, F> {
  const position = { state: aggregate.initial(), seq: 0, hash: null, at: 0 };
  let { now } = moment;
  const give = (command: Untimed<Command>): Outcome<State, F> => {
    const batch = new Batch(aggregate, streamId("test", "given"), position);
    batch.settle({ ...moment, now });
    const { refusal } = batch.decide({ ...command, now } as unknown as Command, []);
    return outcome({ events: batch.happened, refusal, state: position.state });
  };
  const scenario: Scenario<State, Command, F> = {
    after: (ms) => ((now += ms), scenario),
    having: (...commands) => {
      for (const command of commands) {
        const { refusal } = give(command);
        if (refusal !== null) fail(`A given command was refused: ${refusal.what}`);
      }
      return scenario;
    },
    when: give,
  };
  return scenario;
}

function outcome<State, F extends Fact>(
  seen: Pick<Outcome<State, F>, "events" | "refusal" | "state">,
): Outcome<State, F> {
  const result: Outcome<State, F> = {
    ...seen,
    yields: (...types) => {
      if (seen.refusal !== null) fail(`It was refused: ${seen.refusal.what}`);
      deepStrictEqual(
        seen.events.map(({ type }) => type),
        types,
      );
      return result;
    },
    refused: (code, what = /./) => {
      if (seen.refusal === null)
        fail(`It was carried out: ${seen.events.map(({ type }) => type).join(", ")}`);
      deepStrictEqual(seen.refusal.code, code);
      if (!what.test(seen.refusal.what)) fail(`${seen.refusal.what} does not match ${String(what)}`);
      return result;
    },
  };
  return result;
}
