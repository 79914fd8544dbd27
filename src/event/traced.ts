// Commands may say on behalf of which trace they are given; what follows from one says so too.
import { isRefusal, type Aggregate, type Timed } from "./decider.ts";
import type { Fact } from "./event.ts";

/** The aggregate, whose events have `trace` in their data when their command has one: a W3C traceparent. */
export function traced<State, Command extends Timed, F extends Fact>(
  aggregate: Aggregate<State, Command, F>,
): Aggregate<State, Command, F> {
  return {
    ...aggregate,
    decide: (state, command) => {
      const decision = aggregate.decide(state, command);
      const { trace } = command as Command & { readonly trace?: string };
      if (trace === undefined || isRefusal(decision)) return decision;
      return decision.map((event) => ({ ...event, data: { ...event.data, trace } }));
    },
  };
}
