// The session a person means: its id, the beginning of one, or `latest`.
import { HolodeckError } from "../event/error.ts";
import { streamId, streamKey } from "../event/event.ts";
import type { Store, StoredHead } from "../store/port.ts";

const PAGE = 1_000;

/**
 * The head of the session that `text` names: an id, the beginning of one (its `sess_` may be left out) that no
 * other id has, or `latest`. Throws `not_found`, and `invalid_argument` when several begin so.
 */
export async function findSession(store: Store, text: string): Promise<StoredHead> {
  if (text === "latest") return await newest(store);
  const exact = /^[\w-]{1,256}$/.test(text) ? await store.head({ stream: streamId("session", text) }) : null;
  if (exact !== null) return exact;
  const found = await startingWith(store, text);
  const [first] = found;
  if (first === undefined) throw unknown(text);
  if (found.length === 1) return first;
  const ids = found.map(({ stream }) => streamKey(stream)).join(", ");
  throw new HolodeckError("invalid_argument", {
    what: `Several sessions begin with ${JSON.stringify(text)}, among them ${ids}.`,
    todo: "Write more of the id.",
  });
}

async function newest(store: Store): Promise<StoredHead> {
  const { items } = await store.heads({ filter: { kind: "session" }, page: { limit: 1 } });
  if (items[0] !== undefined) return items[0];
  throw new HolodeckError("not_found", {
    what: "There is no session yet.",
    todo: "`holodeck run PLAN.yaml` starts one, and so does `holodeck demo`.",
  });
}

/** At most two: one more than can be meant. */
async function startingWith(store: Store, text: string): Promise<readonly StoredHead[]> {
  if (text === "") return [];
  const found: StoredHead[] = [];
  let after: string | null | undefined;
  while (after !== null && found.length < 2) {
    const page = { limit: PAGE, ...(after !== undefined && { after }) };
    const { items, next } = await store.heads({ filter: { kind: "session" }, page });
    for (const head of items) {
      const id = streamKey(head.stream);
      if (id.startsWith(text) || id.startsWith(`sess_${text}`)) found.push(head);
    }
    after = next;
  }
  return found.slice(0, 2);
}

function unknown(text: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no session ${JSON.stringify(text.slice(0, 100))}.`,
    todo: "`holodeck session ls` shows the sessions there are; `latest` is the newest.",
  });
}
