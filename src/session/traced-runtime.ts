// A runtime whose commands carry the trace of the code that gives them into their events.
import type { Timed } from "../event/decider.ts";
import type { Fact, StreamId } from "../event/event.ts";
import { Runtime, type Executed, type RuntimeOptions, type Untimed } from "../event/runtime.ts";
import { traced } from "../event/traced.ts";
import { currentTrace } from "./trace-context.ts";

export class TracedRuntime<State, Command extends Timed, F extends Fact> extends Runtime<State, Command, F> {
  constructor(options: RuntimeOptions<State, Command, F>) {
    super({ ...options, aggregate: traced(options.aggregate) });
  }

  override execute(
    stream: StreamId,
    command: Untimed<Command>,
    key: string | readonly string[] | null = null,
  ): Promise<Executed<F>> {
    const trace = currentTrace();
    return super.execute(stream, trace === undefined ? command : Object.assign({}, command, { trace }), key);
  }
}
