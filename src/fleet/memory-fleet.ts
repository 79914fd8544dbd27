// A fleet in memory alone, run as a runtime would: what is due is decided before a command, and what a command
// brings due right after it. For simulations, measures and tests; nothing here is durable.
import { type Decision, isRefusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { FleetCommand, FleetFact } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";
import type { FleetOptions } from "./fleet-settings.ts";
import { createFleet } from "./router.ts";

export class MemoryFleet {
  readonly decider: ReturnType<typeof createFleet>;
  state: FleetState;
  private readonly listener: (fact: FleetFact) => void;
  private seq = 0;

  /** `listener` hears every fact once it has happened. */
  constructor(options: FleetOptions = {}, listener: (fact: FleetFact) => void = () => {}) {
    this.decider = createFleet(options);
    this.state = this.decider.initial();
    this.listener = listener;
  }

  /** Decides a command and lets happen what follows. Refusals are values. */
  give(command: FleetCommand): Decision<FleetFact> {
    this.settle(command.now);
    const decided = this.decider.decide(this.state, command);
    if (!isRefusal(decided)) this.happen(decided, command.now);
    this.settle(command.now);
    return decided;
  }

  /** Lets happen everything that is due at `now`, in milliseconds since the epoch. */
  settle(now: number): void {
    const moment = { now, boot: { id: "", offsetMs: 0 } };
    for (;;) {
      const command = this.decider.settle(this.state, moment);
      if (command === null) return;
      const decided = this.decider.decide(this.state, command);
      if (isRefusal(decided)) throw new HolodeckError(decided.code, decided);
      this.happen(decided, now);
    }
  }

  private happen(facts: readonly FleetFact[], now: number): void {
    for (const fact of facts) {
      this.state = this.decider.evolve(this.state, { ...fact, at: now, seq: ++this.seq });
      this.listener(fact);
    }
  }
}
