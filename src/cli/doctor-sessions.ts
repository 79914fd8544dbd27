// What the doctor looks at of the sessions: those that are open though the process that ran them is gone, and those
// that could not be recovered.
import { fold } from "../event/fold.ts";
import { streamKey } from "../event/event.ts";
import { hostName, isAlive } from "../run/host.ts";
import { leftovers, survivorsOf } from "../run/leftovers.ts";
import { spoolsOf } from "../run/plan-session.ts";
import { sessionAggregate } from "../session/aggregate.ts";
import type { ProcessIdentity } from "../session/events.ts";
import { givenUp, sessionIdOf } from "../session/recovery.ts";
import { openStore } from "../store/open.ts";
import type { StoredHead } from "../store/port.ts";
import type { Check } from "./check.ts";
import { hasData } from "./existing-store.ts";
import { count } from "./format.ts";
import type { Io } from "./io.ts";
import { dataFolderOf } from "./run-session.ts";

/** The newest so many open sessions are looked at; more than that is said, not read. */
const SESSIONS_MAX = 100;
const NAMED_MAX = 3;

export async function checkSessions(address: string, io: Io): Promise<Check> {
  const name = "sessions";
  if (!hasData(address)) return { name, status: "ok", what: "None yet." };
  await using scope = new AsyncDisposableStack();
  const store = await openStore(address, io.env);
  scope.defer(async () => await store.close());
  const filter = { kind: "session", status: "open" };
  const { items, next } = await store.heads({ filter, page: { limit: SESSIONS_MAX } });
  const abandoned: string[] = [];
  let elsewhere = 0;
  for (const { stream } of items) {
    // One that cannot be read is told of by `checkRecovery`, once it has been tried, and by `holodeck verify`.
    const folded = await fold({ aggregate: sessionAggregate, log: store, stream }).catch(() => null);
    const where = folded === null ? null : whereIs(folded.state.process);
    if (where === "gone") abandoned.push(streamKey(stream));
    if (where === "elsewhere") elsewhere += 1;
  }
  const known = `${next === null ? "" : "at least "}${count(items.length, "open session")}`;
  const others = elsewhere === 0 ? "" : `, ${elsewhere} on another machine`;
  if (abandoned.length === 0) return { name, status: "ok", what: `${known}${others}.` };
  const named = abandoned.slice(0, NAMED_MAX).join(", ");
  const more = abandoned.length > NAMED_MAX ? ` and ${abandoned.length - NAMED_MAX} more` : "";
  return {
    name,
    status: "warn",
    what: `${known}${others}; the process is gone of ${named}${more}.`,
    todo: `Go on with \`holodeck resume ${abandoned[0]}\`, or end it with \`holodeck session end ${abandoned[0]}\`.`,
  };
}

/** Spools and processes of sessions that have ended: nobody takes them away until the next run. */
export async function checkLeftovers(address: string, io: Io): Promise<Check> {
  const name = "leftovers";
  if (!hasData(address)) return { name, status: "ok", what: "None." };
  await using scope = new AsyncDisposableStack();
  const store = await openStore(address, io.env);
  scope.defer(async () => await store.close());
  const left = await leftovers(store, spoolsOf(dataFolderOf(address, io)));
  const [first] = left;
  if (first === undefined) return { name, status: "ok", what: "None." };
  const running = left.reduce((sum, leftover) => sum + survivorsOf(leftover), 0);
  const what = `${count(left.length, "ended session")} left a spool, ${running} of their processes run.`;
  const todo = `\`holodeck session end ${first.sessionId}\` takes them away, and so does the next run.`;
  return { name, status: "warn", what, todo };
}

/** Sessions that failed to recover: nothing happens in them until someone asks for them. */
export async function checkRecovery(address: string, io: Io): Promise<Check> {
  const name = "recovery";
  if (!hasData(address)) return { name, status: "ok", what: "Nothing to recover yet." };
  await using scope = new AsyncDisposableStack();
  const store = await openStore(address, io.env);
  scope.defer(async () => await store.close());
  const heads: StoredHead[] = [];
  for await (const head of givenUp(store)) heads.push(head);
  const [first] = heads;
  const error = first?.summary["error"];
  if (first === undefined) return { name, status: "ok", what: "No session failed to recover." };
  const named = heads
    .slice(0, NAMED_MAX)
    .map((head) => sessionIdOf(head))
    .join(", ");
  const more = heads.length > NAMED_MAX ? ` and ${heads.length - NAMED_MAX} more` : "";
  return {
    name,
    status: "fail",
    what: `Not recovered: ${named}${more}.${typeof error === "string" ? ` ${error}` : ""}`,
    todo: `\`holodeck verify\` shows damage; \`holodeck session end ${sessionIdOf(first)}\` tries again.`,
  };
}

function whereIs(owner: ProcessIdentity | null): "here" | "elsewhere" | "gone" {
  if (owner === null) return "gone";
  if (owner.host !== hostName()) return "elsewhere";
  const { boot_id: bootId, pid, start_time } = owner;
  return isAlive({ bootId, pid, startTime: Number(start_time) }) ? "here" : "gone";
}
