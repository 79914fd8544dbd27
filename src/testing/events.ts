// Makes events for tests of stores and runtimes: encoded, chained, ready to append.
import { encodeEvent, streamId, type EncodedEvent, type Fact, type StreamId } from "../event/event.ts";
import type { AppendItem, Head } from "../event/log.ts";
import type { JsonObject } from "../event/json.ts";

/** When the events of tests happen unless told otherwise: a round moment in 2001. */
export const TEST_TIME = 1_000_000_000_000;

/** A fact with the parts a test cares about; the rest is `noted`, no room, no data. */
export interface TestFact {
  readonly type?: string;
  readonly room?: string | null;
  readonly data?: JsonObject;
  readonly at?: number;
}

export interface TestItem {
  readonly stream: StreamId;
  /** The event the new ones follow; leave it out for a new stream. */
  readonly after?: EncodedEvent | undefined;
  /** Default: one fact. */
  readonly facts?: readonly TestFact[];
  readonly head?: Partial<Head>;
  /** Keys of the first event. */
  readonly keys?: readonly string[];
}

/** A stream for a test: `testStream("a")` is `test:a`. */
export function testStream(id: string): StreamId {
  return streamId("test", id);
}

/**
 * One append: its facts as events that follow `after`.
 *
 * ```ts
 * const first = testItem({ stream: testStream("a") });
 * const second = testItem({ stream: testStream("a"), after: lastOf(first), facts: [{ room: "hall" }] });
 * ```
 */
export function testItem({ stream, after, facts = [{}], head = {}, keys = [] }: TestItem): AppendItem {
  const expectedSeq = after?.event.seq ?? 0;
  const events: EncodedEvent[] = [];
  for (const fact of facts) events.push(follow(stream, events.at(-1) ?? after, fact));
  return {
    stream,
    expectedSeq,
    events,
    head: { ...TEST_HEAD, ...head },
    keys: keys.map((key) => ({ key, seq: expectedSeq + 1 })),
  };
}

/** The last event of an item: what the next item follows. */
export function lastOf(item: AppendItem): EncodedEvent {
  const last = item.events.at(-1);
  if (last === undefined) throw new RangeError("The item has no events.");
  return last;
}

const TEST_HEAD: Head = {
  kind: "test",
  status: "open",
  createdAt: TEST_TIME,
  dueAt: null,
  labels: [],
  summary: {},
};

function follow(stream: StreamId, before: EncodedEvent | undefined, fact: TestFact): EncodedEvent {
  const { type = "noted", room = null, data = {} } = fact;
  const at = fact.at ?? before?.event.at ?? TEST_TIME;
  const whole: Fact = { type, room, data };
  return encodeEvent({
    v: 1,
    stream,
    seq: (before?.event.seq ?? 0) + 1,
    prev: before?.hash ?? null,
    at,
    ...whole,
  });
}
