// On behalf of which trace the running code works, across its awaits: only the machine can tell. Commands given
// meanwhile carry it, and the events they cause say so.
import { AsyncLocalStorage } from "node:async_hooks";
import type { JsonObject } from "../event/json.ts";
import { traceparentFault } from "./traceparent.ts";
import { invalid } from "./input.ts";

const traceContext = new AsyncLocalStorage<string | undefined>();

/**
 * Does `work` on behalf of a trace: events that follow from its commands have `trace` in their data. Takes the value of
 * a W3C `traceparent` header; throws `invalid_argument` for any other text.
 *
 * ```ts
 * await withTrace(request.headers["traceparent"], async () => await session.addTask("analyze"));
 * ```
 */
export async function withTrace<Result>(traceparent: string, work: () => Promise<Result>): Promise<Result> {
  const fault = traceparentFault(traceparent);
  if (fault !== null) throw invalid("traceparent", traceparent, `Pass a W3C traceparent: it ${fault}.`);
  return await traceContext.run(traceparent, work);
}

/**
 * Does `work` on behalf of the trace an event's data name, or of none: what follows from an event is for whom the event
 * was, whoever the running code works for.
 */
export async function withTraceOf<Result>(data: JsonObject, work: () => Promise<Result>): Promise<Result> {
  const { trace } = data;
  return await traceContext.run(typeof trace === "string" ? trace : undefined, work);
}

/** The trace the running code works for; undefined when there is none. */
export function currentTrace(): string | undefined {
  return traceContext.getStore();
}
