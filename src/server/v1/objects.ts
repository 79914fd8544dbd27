// The objects a session manages: which there are, and who wrote which fields when. Never what they hold: which fields
// are sensitive is said by their kind, which is code where the session's owner is, and nothing here knows it.
import { z } from "zod";
import type { StreamId } from "../../event/event.ts";
import { HolodeckError } from "../../event/error.ts";
import { eventPage } from "../../session/event-page.ts";
import type { Store } from "../../store/port.ts";
import { isoTime } from "../../tile/session-tiles.ts";
import { at, named, nextPage } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { limit, pageTokenField, sessionId, wholeText } from "./fields.ts";
import { pageToken, placeIn } from "./page-token.ts";

const PATH = `/v1/sessions/${EXAMPLE.id}/objects`;
const version = z.int().describe("How often it was written.");
const key = z.string().describe("Where it is kept: `kind:id`.");

const objectList = named(
  "ObjectList",
  z.strictObject({
    objects: z
      .array(z.strictObject({ key, version, created_at: at, updated_at: at }))
      .describe("In the order they came to be managed."),
    next_page_token: nextPage,
  }),
);

const objectAudit = named(
  "ObjectAudit",
  z.strictObject({
    changes: z.array(
      z.strictObject({
        version,
        at,
        by: z.string().nullable().describe("The agent's name; null for the owner."),
        fields: z.array(z.string()).describe("The names of those that changed."),
      }),
    ),
    next_after_version: z
      .int()
      .nullable()
      .describe("The `after_version` of the page that follows; null when there was no more."),
  }),
);

const listObjects = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/objects",
  group: "Agents",
  summary: "List the objects a session manages",
  description:
    "Without what they hold: which fields are sensitive is known where their kinds are, in the owner's code.",
  pathFields: { session_id: sessionId },
  query: { limit: limit(100), page_token: pageTokenField },
  answer: { what: "A page of them.", schema: objectList },
  refusals: ["not_found"],
  example: {
    path: PATH,
    answer: {
      objects: [
        {
          key: "note:plan",
          version: 2,
          created_at: "2026-05-19T22:45:00Z",
          updated_at: "2026-05-19T22:46:00Z",
        },
      ],
      next_page_token: null,
    },
  },
  async act({ reader, store, path, query: { limit: count, page_token } }) {
    const list = `objects ${JSON.stringify(path.session_id)}`;
    // They stay in the order they came: a place among them holds whatever comes.
    const from = Number(placeIn(list, page_token) ?? 0);
    const [keys, total] = await reader.read(path.session_id, ({ managed }) => [
      [...managed].slice(from, from + count),
      managed.size,
    ]);
    const next = from + count < total ? pageToken(list, String(from + count)) : null;
    const objects = await Promise.all(keys.map(async (one) => await objectIn(store, one)));
    return { status: 200, body: { objects: objects.flatMap((one) => one ?? []), next_page_token: next } };
  },
});

async function objectIn(store: Store, stream: StreamId) {
  const head = await store.head({ stream });
  if (head === null) return null;
  // Written by the objects' own aggregate.
  const { version: writes, updated_at } = head.summary as unknown as ObjectHead;
  return {
    key: stream,
    version: writes,
    created_at: isoTime(head.createdAt),
    updated_at: isoTime(updated_at),
  };
}

interface ObjectHead {
  readonly version: number;
  readonly updated_at: number;
}

const auditObject = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/objects/{key}/audit",
  group: "Agents",
  summary: "Read who wrote an object when",
  description: "Which fields changed, and not to what.",
  pathFields: {
    session_id: sessionId,
    key: z
      .string()
      .max(600, "Pass a key as the list has it.")
      .regex(/^[a-z][a-z0-9_-]{0,31}:./u, "Pass a key as the list has it.")
      .describe("The object's key. Encode what has a meaning in addresses, such as / as %2F."),
  },
  query: {
    after_version: wholeText(0, Number.MAX_SAFE_INTEGER, "Those after this version.").default(0),
    limit: limit(100),
  },
  answer: { what: "A page of its writes, the oldest first.", schema: objectAudit },
  refusals: ["not_found", "pruned"],
  example: {
    path: `${PATH}/note%3Aplan/audit`,
    answer: {
      changes: [{ version: 1, at: "2026-05-19T22:45:00Z", by: "bot", fields: ["title", "stars"] }],
      next_after_version: null,
    },
  },
  async act({ reader, store, path, query: { after_version: afterSeq, limit: count } }) {
    const stream = path.key as StreamId;
    const isManaged = await reader.read(path.session_id, ({ managed }) => managed.has(stream));
    if (!isManaged) throw unknownObject(path.session_id, stream);
    const page = await eventPage(store, { stream, afterSeq, limit: count });
    const changes = page.map(({ event }) => {
      const { fields, by } = event.data as unknown as ObjectWritten;
      return { version: event.seq, at: isoTime(event.at), by, fields: Object.keys(fields) };
    });
    const next = page.length < count ? null : (page.at(-1)?.event.seq ?? null);
    return { status: 200, body: { changes, next_after_version: next } };
  },
});

interface ObjectWritten {
  readonly fields: object;
  readonly by: string | null;
}

/** Also of another session's: that it is there is not told. */
function unknownObject(session: string, object: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `Session ${session} manages no object ${JSON.stringify(object.slice(0, 200))}.`,
    todo: "GET its objects: they list what there is.",
  });
}

export const objectEndpoints: readonly Endpoint[] = [listObjects, auditObject];
