// What policies, identities and roles have in common over HTTP: who changes them, lists of them, and who changed them.
import type { TrustChange } from "../../session/trust-audit.ts";
import type { TrustPage, TrustPageOptions, TrustSummary } from "../../session/trust-list.ts";
import type { ChangeOptions } from "../../session/policies.ts";
import type { JsonObject } from "../../event/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import { isoTime } from "../../tile/session-tiles.ts";
import { faultOfName, resourceId } from "../../trust/name.ts";
import type { Principal } from "../principal.ts";
import { endpoint, type Call, type Endpoint } from "./endpoint.ts";
import { limit, pageTokenField, text, whole, wholeText } from "./fields.ts";
import { pageToken, placeIn } from "./page-token.ts";
import { trustAudit, trustList } from "./trust-answers.ts";

/** One of the three, as it is read. */
interface Kept {
  list(options: TrustPageOptions): Promise<TrustPage>;
  audit(id: string): Promise<readonly TrustChange[]>;
}

interface Kind {
  readonly one: "policy" | "identity" | "role";
  readonly many: "policies" | "identities" | "roles";
  /** Of the examples. */
  readonly id: string;
  readonly of: (manager: SessionManager) => Kept;
}

export const expectedVersion = whole(
  0,
  Number.MAX_SAFE_INTEGER,
  "Refused with `conflict` when it stands at another version; 0 for one that is not there. Default: whichever.",
).optional();

export const atVersion = wholeText(
  0,
  Number.MAX_SAFE_INTEGER,
  "As it stood at this version. Default now.",
).optional();

/** What every change is told: whose key it came with, and under which key it happens once. */
export function changeOf(
  { principal, keyed }: Pick<Call<object, object, object>, "principal" | "keyed">,
  expected?: number,
): ChangeOptions {
  return {
    by: nameOf(principal),
    ...(expected !== undefined && { expectedVersion: expected }),
    ...(keyed !== null && { idempotencyKey: keyed.key }),
  };
}

const BY_LENGTH_MAX = 256;

/** A token's subject may be any text: what is no name is written as one. */
function nameOf({ name }: Principal): string {
  return faultOfName(name) === null ? name : resourceId("key", name).slice(0, BY_LENGTH_MAX);
}

/** The endpoints that list them, and tell who changed one. */
export function trustReading(kind: Kind): readonly Endpoint[] {
  return [listEndpoint(kind), auditEndpoint(kind)];
}

function listEndpoint({ one, many, id, of }: Kind): Endpoint {
  return endpoint({
    method: "get",
    path: `/v1/${many}`,
    group: "Trust",
    summary: `List ${many}, newest first`,
    access: "operate",
    query: { limit: limit(100), page_token: pageTokenField },
    answer: { what: "A page of them.", schema: trustList },
    example: {
      path: `/v1/${many}`,
      answer: {
        items: [
          {
            id,
            key: `${one}:${id}`,
            version: 1,
            status: "active",
            created_at: "2026-05-19T22:45:00Z",
          },
        ],
        next_page_token: null,
      },
    },
    async act({ manager, query }) {
      const after = placeIn(many, query.page_token);
      const page = { limit: query.limit, ...(after !== undefined && { after }) };
      const { items, next } = await of(manager).list(page);
      const next_page_token = next === null ? null : pageToken(many, next);
      return { status: 200, body: { items: items.map(summaryDocument), next_page_token } };
    },
  });
}

function summaryDocument({ createdAt, ...summary }: TrustSummary): JsonObject {
  return { ...summary, created_at: isoTime(createdAt) };
}

function auditEndpoint({ one, many, id, of }: Kind): Endpoint {
  const name = `${one}_id`;
  return endpoint<Readonly<Record<string, ReturnType<typeof text>>>, typeof AUDIT_QUERY>({
    method: "get",
    path: `/v1/${many}/{${name}}/audit`,
    group: "Trust",
    summary: `Read who changed ${one === "identity" ? "an" : "a"} ${one} when, and how`,
    access: "operate",
    pathFields: { [name]: text("Its id.") },
    query: AUDIT_QUERY,
    answer: { what: "A page of its versions, the oldest first.", schema: trustAudit },
    refusals: ["not_found"],
    example: { path: `/v1/${many}/${id}/audit` },
    async act({ manager, path, query }) {
      const changes = await of(manager).audit(path[name] ?? "");
      const rest = changes.filter(({ version }) => version > query.after_version);
      const page = rest.slice(0, query.limit);
      const next = rest.length > page.length ? (page.at(-1)?.version ?? null) : null;
      return { status: 200, body: { changes: page.map(changeDocument), next_after_version: next } };
    },
  });
}

const AUDIT_QUERY = {
  after_version: wholeText(0, Number.MAX_SAFE_INTEGER, "Those after this version.").default(0),
  limit: limit(100),
};

function changeDocument({ version, at, by, type, fields }: TrustChange): JsonObject {
  return { version, at: isoTime(at), by, type, fields };
}
