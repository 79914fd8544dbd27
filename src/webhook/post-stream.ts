// What became of a session's posts on their way to a webhook, as a stream beside the session's:
// `webhook:<webhook id>.<session's stream>`. It is the outbox's aggregate (tile/outbox-stream.ts) under names of its own.
import type { Aggregate, Decision, Happened } from "../event/decider.ts";
import { isRefusal } from "../event/decider.ts";
import { streamId, type Fact, type StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import {
  outboxAggregate,
  type OutboxCommand,
  type OutboxFact,
  type OutboxState,
} from "../tile/outbox-stream.ts";

export const POSTS = "webhook";

/** The types of its events, by those they have in an outbox. */
const TYPES = {
  outbox_opened: "posts_opened",
  outbox_redirected: "posts_redirected",
  tiles_delivered: "posts_delivered",
  tile_parked: "post_parked",
  tiles_retried: "posts_retried",
  tile_delivered_after_retry: "post_delivered_after_retry",
  outbox_closed: "posts_closed",
} as const satisfies Readonly<Record<OutboxFact["type"], string>>;

/** Their members, where they are named after tiles: a parked post's `kind` stands where a tile has its question. */
const MEMBERS: Readonly<Record<string, string>> = { tiles: "posts", question: "kind" };

export const POSTS_RETRIED = TYPES.tiles_retried;

export const postAggregate: Aggregate<OutboxState, OutboxCommand, Fact> = {
  initial: () => outboxAggregate.initial(),
  decide: (state, command): Decision<Fact> => {
    const decision = outboxAggregate.decide(state, command);
    return isRefusal(decision) ? decision : decision.map((fact) => renamed(fact));
  },
  evolve: (state, event) => outboxAggregate.evolve(state, asOutbox(event)),
  head: (state) => ({ ...outboxAggregate.head(state), kind: POSTS }),
  settle: () => null,
  snapshot: outboxAggregate.snapshot,
};

/** `webhook:<id>.session:sess_…` of `session:sess_…`. */
export function postsOf(webhook: string, source: StreamId): StreamId {
  return streamId(POSTS, `${webhook}.${source}`);
}

const OUTBOX_TYPES = flipped(TYPES);
const OUTBOX_MEMBERS = flipped(MEMBERS);

function renamed({ type, room, data }: OutboxFact): Fact {
  return { type: TYPES[type], room, data: withNames(data, MEMBERS) };
}

function asOutbox(event: Happened<Fact>): Happened<OutboxFact> {
  const data = withNames(event.data, OUTBOX_MEMBERS);
  return { ...event, type: OUTBOX_TYPES[event.type], data } as unknown as Happened<OutboxFact>;
}

function withNames(data: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [names[name] ?? name, value]));
}

function flipped(names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]));
}
