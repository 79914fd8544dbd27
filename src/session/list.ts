// Lists of sessions, from heads alone.
import { streamKey } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { HeadFilter, Page, PageRequest, Store, StoredHead } from "../store/port.ts";
import { checkInteger, checkKeys, checkOneOf, checkText, checkTexts, invalid } from "./input.ts";
import { SESSION_OUTCOMES, type SessionOutcome } from "./outcome.ts";
import { givenUp, sessionIdOf } from "./recovery.ts";
import { streamOf } from "./stream.ts";

/** So many sessions are looked through for a text at once; then the page is short and has a next. */
const SCAN_MAX = 5_000;
const SCAN_PAGE = 500;

const AMONG_MAX = 1_000;

/** What a date can be. */
const TIME_MS_MAX = 8.64e15;

export interface SessionFilter {
  /** `recovery_failed` are open ones that could not be recovered and are left alone. */
  readonly status?: "open" | "recovery_failed" | SessionOutcome;
  readonly agentId?: string;
  readonly tag?: string;
  /** Created at this time or after it, milliseconds since the epoch. */
  readonly createdFrom?: number;
  /** Created before this time, milliseconds since the epoch. */
  readonly createdBefore?: number;
  /** What the session's name or id holds, in whatever case; 1 to 256 characters. */
  readonly text?: string;
  /** Only these, at most 1,000: each is looked at, none of the others. */
  readonly sessionIds?: readonly string[];
  /** 1 to 1,000; default 50. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface SessionSummary {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly agentId: string;
  /** `open`, `recovery_failed` when it could not be recovered and is left alone, or the outcome it ended with. */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When its next timeout falls due, milliseconds since the epoch; null when it has ended. */
  readonly dueAt: number | null;
  /** Null while it is open. */
  readonly durationMs: number | null;
  /** `total` counts all tasks, the others those that have ended. */
  readonly tasks: JsonObject;
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  /** Null when there is no more; a page may be short and still have a next. */
  readonly next: string | null;
}

/** Newest first; those that could not be recovered, when only they are asked for, by when they first failed. */
export async function listSessions(store: Store, filter: SessionFilter): Promise<SessionPage> {
  const { status, limit = 50, after } = checkFilter(filter);
  const page = { limit, ...(after !== undefined && { after }) };
  if (filter.sessionIds !== undefined) return await listAmong(store, filter, filter.sessionIds);
  if (status === "recovery_failed") return await listGivenUp(store, filter, page);
  const { items, next } = await findHeads(store, filter, page);
  const broken = items.some((head) => head.status === "open") ? await idsGivenUp(store) : new Set();
  return {
    sessions: items.map((head) => summaryOf(head, broken.has(streamKey(head.stream)))),
    next,
  };
}

/** A filter nothing can pass would answer quietly: throws `invalid_argument` for it. The store checks the page. */
function checkFilter(filter: SessionFilter): SessionFilter {
  const { status, agentId, tag, createdFrom, createdBefore, text, sessionIds } = checkKeys(filter, "filter", [
    "status",
    "agentId",
    "tag",
    "createdFrom",
    "createdBefore",
    "text",
    "sessionIds",
    "limit",
    "after",
  ]);
  if (text !== undefined) checkText(text, "text");
  if (sessionIds !== undefined) checkTexts(sessionIds, "sessionIds", AMONG_MAX);
  for (const [name, time] of Object.entries({ createdFrom, createdBefore }))
    if (time !== undefined) checkInteger(time, name, -TIME_MS_MAX, TIME_MS_MAX);
  if (status !== undefined) checkOneOf(status, "status", ["open", "recovery_failed", ...SESSION_OUTCOMES]);
  if (agentId !== undefined) checkText(agentId, "agentId");
  if (tag !== undefined) checkText(tag, "tag");
  return filter;
}

/** Heads that fit, found by index as far as there is one; text is looked for in those, page by page. */
async function findHeads(
  store: Store,
  wanted: SessionFilter,
  { limit = 50, after }: PageRequest,
): Promise<Page<StoredHead>> {
  const { status, createdFrom, createdBefore, text } = wanted;
  const filter: HeadFilter = {
    kind: "session",
    labels: labelsOf(wanted),
    ...(status !== undefined && { status }),
    ...(createdFrom !== undefined && { createdFrom }),
    ...(createdBefore !== undefined && { createdBefore }),
  };
  const from = (place: string | null | undefined, count: number) =>
    store.heads({ filter, page: { limit: count, ...(typeof place === "string" && { after: place }) } });
  if (text === undefined) return await from(after, limit);
  const found: StoredHead[] = [];
  let next: string | null | undefined = after;
  for (let scanned = 0; scanned < SCAN_MAX && next !== null; scanned += SCAN_PAGE) {
    let page: Page<StoredHead> = await from(next, SCAN_PAGE);
    const last = page.items.filter((head) => holds(head, text))[limit - found.length - 1];
    // A place is known after a page's last item alone: the page is read again, and ends with the last that is wanted.
    if (last !== undefined) page = await from(next, page.items.indexOf(last) + 1);
    found.push(...page.items.filter((head) => holds(head, text)));
    next = page.next;
    if (last !== undefined) break;
  }
  return { items: found, next: next ?? null };
}

function holds({ stream, summary }: StoredHead, text: string): boolean {
  const { session_name } = summary as unknown as HeadSummary;
  return `${session_name}\n${streamKey(stream)}`.toLowerCase().includes(text.toLowerCase());
}

async function listGivenUp(store: Store, filter: SessionFilter, page: PageRequest): Promise<SessionPage> {
  const { items, next } = await store.heads({
    filter: { kind: "recovery", status: "recovery_failed" },
    page,
  });
  const sessions: SessionSummary[] = [];
  for (const item of items) {
    const head = await store.head({ stream: streamOf(sessionIdOf(item)) });
    if (head !== null && fits(head, filter)) sessions.push(summaryOf(head, true));
  }
  return { sessions, next };
}

async function listAmong(store: Store, filter: SessionFilter, ids: readonly string[]): Promise<SessionPage> {
  const { status, limit = 50, after } = filter;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw invalid("limit", limit, "Ask for 1 to 1000.");
  const broken = await idsGivenUp(store);
  const found: SessionSummary[] = [];
  for (const id of new Set(ids)) {
    const head = await store.head({ stream: streamOf(id) });
    if (head === null || !fits(head, filter)) continue;
    const summary = summaryOf(head, broken.has(id));
    if (status === undefined || status === head.status || status === summary.status) found.push(summary);
  }
  const rest = found
    .sort(newestFirst)
    .filter((one) => after === undefined || newestFirst(one, placeOf(after)) > 0);
  const sessions = rest.slice(0, limit);
  const last = sessions.at(-1);
  const next = last === undefined || rest.length <= limit ? null : `${last.createdAt} ${last.sessionId}`;
  return { sessions, next };
}

type Placed = Pick<SessionSummary, "createdAt" | "sessionId">;

function newestFirst(one: Placed, other: Placed): number {
  return other.createdAt - one.createdAt || (one.sessionId < other.sessionId ? 1 : -1);
}

function placeOf(after: string): Placed {
  const [, createdAt, sessionId] = /^(-?\d{1,16}) (.+)$/.exec(after) ?? [];
  if (createdAt === undefined || sessionId === undefined)
    throw invalid("after", after, "Pass the `next` of the page before.");
  return { createdAt: Number(createdAt), sessionId };
}

/** All but the status. */
function fits(head: StoredHead, filter: SessionFilter): boolean {
  const { createdFrom = -Infinity, createdBefore = Infinity, text = "" } = filter;
  if (head.createdAt < createdFrom || head.createdAt >= createdBefore) return false;
  return labelsOf(filter).every((label) => head.labels.includes(label)) && holds(head, text);
}

async function idsGivenUp(store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const head of givenUp(store)) ids.add(sessionIdOf(head));
  return ids;
}

function labelsOf({ agentId, tag }: SessionFilter): readonly string[] {
  return [
    ...(agentId === undefined ? [] : [`agent:${agentId}`]),
    ...(tag === undefined ? [] : [`tag:${tag}`]),
  ];
}

function summaryOf(head: StoredHead, isGivenUp: boolean): SessionSummary {
  const { stream, status, createdAt, dueAt, summary } = head;
  const { session_name, agent_id, tasks, duration_ms } = summary as unknown as HeadSummary;
  return {
    sessionId: streamKey(stream),
    sessionName: session_name,
    agentId: agent_id,
    status: isGivenUp && status === "open" ? "recovery_failed" : status,
    createdAt,
    dueAt,
    durationMs: duration_ms,
    tasks,
  };
}

/** What session/aggregate.ts puts into a head. */
interface HeadSummary {
  readonly session_name: string;
  readonly agent_id: string;
  readonly duration_ms: number | null;
  readonly tasks: JsonObject;
}
