// What is to be posted to a webhook: events of its kinds, from when it was first declared on.
import type { Errand } from "../tile/errand.ts";
import { destinationLabel } from "../tile/outbox-stream.ts";
import { kindOf, WEBHOOK_KINDS } from "./kinds.ts";
import { postAggregate, POSTS, POSTS_RETRIED, postsOf } from "./post-stream.ts";
import type { Webhook } from "./webhook.ts";

export function errandOf({ id, origin, kinds }: Pick<Webhook, "id" | "origin" | "kinds">): Errand {
  const destination = destinationOf({ id, origin });
  const titleOf: Errand["titleOf"] = (event) => {
    const kind = kindOf(event);
    return kind !== null && kinds.includes(kind) ? kind : null;
  };
  return {
    kind: POSTS,
    place: `${POSTS}:${id}`,
    labels: [destinationLabel(destination)],
    aggregate: postAggregate,
    retried: POSTS_RETRIED,
    begins: "now",
    outboxOf: (source) => postsOf(id, source),
    titleOf,
    // What happened in a session before is not news: a webhook hears of it from its first event on.
    opening: (event) => (titleOf(event) === null ? null : { destination, afterSeq: event.seq - 1 }),
  };
}

/** All webhooks that the log knows, declared here or not: for looking at what waits, not for sending. */
export const ANY_WEBHOOK: Errand = {
  ...errandOf({ id: "any", origin: "", kinds: WEBHOOK_KINDS }),
  labels: [],
};

/** What the log calls a webhook: `https://example.org#9f86d081884c7d65`. */
export function destinationOf({ id, origin }: Pick<Webhook, "id" | "origin">): string {
  return `${origin}#${id}`;
}
