// The session a person means: its id, the beginning of one, or `latest`.
import { HolodeckError } from "../event/error.ts";
import { listSessions } from "../session/list.ts";
import type { SessionHead } from "../session/reading.ts";
import { streamOf } from "../session/stream.ts";
import type { Store, StoredHead } from "../store/port.ts";
import type { SessionSource } from "./session-source.ts";

const PAGE = 1_000;

/** The same of a store that is open already. */
export async function findStored(store: Store, text: string): Promise<StoredHead> {
  const source = {
    list: async (filter: Parameters<SessionSource["list"]>[0]) => await listSessions(store, filter),
    head: async (sessionId: string) => await store.head({ stream: streamOf(sessionId) }),
  };
  return await findSession(source, text);
}

interface Findable<Head extends SessionHead> extends Pick<SessionSource, "list"> {
  head(sessionId: string): Promise<Head | null>;
}

/**
 * The head of the session that `text` names: an id, the beginning of one (its `sess_` may be left out) that no
 * other id has, or `latest`. Throws `not_found`, and `invalid_argument` when several begin so.
 */
export async function findSession<Head extends SessionHead>(
  source: Findable<Head>,
  text: string,
): Promise<Head> {
  if (text === "latest") return await newest(source);
  const exact = /^[\w-]{1,256}$/.test(text) ? await source.head(text) : null;
  if (exact !== null) return exact;
  const found = await startingWith(source, text);
  const [first] = found;
  const head = first === undefined ? null : await source.head(first);
  if (head === null) throw unknown(text);
  if (found.length === 1) return head;
  throw new HolodeckError("invalid_argument", {
    what: `Several sessions begin with ${JSON.stringify(text)}, among them ${found.join(", ")}.`,
    todo: "Write more of the id.",
  });
}

async function newest<Head extends SessionHead>(source: Findable<Head>): Promise<Head> {
  const { sessions } = await source.list({ limit: 1 });
  const head = sessions[0] === undefined ? null : await source.head(sessions[0].sessionId);
  if (head !== null) return head;
  throw new HolodeckError("not_found", {
    what: "There is no session yet.",
    todo: "`holodeck run PLAN.yaml` starts one, and so does `holodeck demo`.",
  });
}

/** The ids of at most two: one more than can be meant. */
async function startingWith(source: Pick<SessionSource, "list">, text: string): Promise<readonly string[]> {
  if (text === "") return [];
  const found: string[] = [];
  let after: string | null | undefined;
  while (after !== null && found.length < 2) {
    const { sessions, next } = await source.list({ limit: PAGE, ...(after !== undefined && { after }) });
    for (const { sessionId: id } of sessions)
      if (id.startsWith(text) || id.startsWith(`sess_${text}`)) found.push(id);
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
