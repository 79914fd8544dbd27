// `holodeck resume [SESSION]`: goes on with a session whose process died or was interrupted.
import { HolodeckError } from "../event/error.ts";
import { streamKey } from "../event/event.ts";
import { SessionManager } from "../local.ts";
import { keptPlan, keptSpools, type KeptPlan } from "../run/plan-session.ts";
import { recoverTask, type Recovered } from "../run/recover.ts";
import { PLAN_LABEL } from "../session/evolve.ts";
import type { ResumeOptions } from "../session/resume.ts";
import type { Session } from "../session/session.ts";
import type { Store, StoredHead } from "../store/port.ts";
import { withStore } from "./existing-store.ts";
import { findStored } from "./find-session.ts";
import { note, type Io } from "./io.ts";
import { checkOutputFile } from "./output-file.ts";
import { dataFolderOf, leaseOf, runSession, sweep, type RunOptions } from "./run-session.ts";
import { finish } from "./summary.ts";

/** Answers the exit code. Without an id it takes the newest open session that was started by a plan. */
export async function command([named]: readonly string[], options: RunOptions, io: Io): Promise<number> {
  if (options.junit !== undefined) checkOutputFile(options.junit);
  // Looked up before the manager opens: that lets sessions end whose time is up.
  const head = await withStore(options, io, async (store) =>
    named === undefined ? await newestOpen(store) : await findStored(store, named),
  );
  // Tiles go where the session's own start says.
  const ports = { deliverTiles: true, ...(options.store !== undefined && { store: options.store }) };
  // What a session was started with is in its events: this configuration starts none.
  await using manager = new SessionManager({ sessionName: "resume", agentId: "resume" }, ports);
  const store = await manager.store();
  const recovered: Recovered[] = [];
  const sessionId = streamKey(head.stream);
  // What cannot go on here is said before anything is taken from whoever had it.
  const kept = await keptIfOpen(manager, sessionId, dataFolderOf(options.store, io), io);
  const recover: ResumeOptions["recover"] = async (session, task) => {
    if (kept !== null) recovered.push(await recoverTask({ session, store, task, spool: kept.spool }));
  };
  await using lease = leaseOf(store, sessionId);
  const claim: ResumeOptions["claim"] = async (owner) => await lease.take(owner);
  const session = await manager.resume(sessionId, { recover, claim }).catch(async (error: unknown) => {
    // Its time was up: that is an outcome, and no error.
    const isOver = error instanceof HolodeckError && error.code === "session_ended";
    if (head.status !== "open" || !isOver) throw error;
    return await manager.get(sessionId);
  });
  await sweep(store, keptSpools(session));
  if (session.status === "open" && kept !== null) {
    tellRecovered(session, recovered, io);
    await runSession({ router: manager, session, store, lease, ...kept }, options, io);
  }
  return await finish(session, store, options, io);
}

/** Null when its time was up. */
async function keptIfOpen(
  manager: SessionManager,
  sessionId: string,
  dataFolder: string,
  io: Io,
): Promise<KeptPlan | null> {
  const session = await manager.get(sessionId);
  return session.status === "open"
    ? await keptPlan(await manager.store(), session, io.env, dataFolder)
    : null;
}

async function newestOpen(store: Store): Promise<StoredHead> {
  const filter = { kind: "session", status: "open", labels: [PLAN_LABEL] };
  for (let after: string | null = ""; after !== null;) {
    const page = await store.heads({ filter, page: { limit: 1, ...(after !== "" && { after }) } });
    if (page.items[0] !== undefined) return page.items[0];
    after = page.next;
  }
  throw new HolodeckError("not_found", {
    what: "No plan's session is open.",
    todo: "`holodeck session ls` lists the sessions there are; `holodeck run PLAN.yaml` starts one.",
  });
}

/** What will be run again is told before it is. */
function tellRecovered(session: Session, recovered: readonly Recovered[], io: Io): void {
  const done = session.tasks.filter((task) => task.status === "ended").length;
  const lines = [`Resuming ${session.sessionId}: ${done} of ${session.tasks.length} tasks have ended.`];
  for (const { taskId, adopted, ended } of recovered) {
    if (adopted) lines.push(`  ${taskId}: had finished; its result is taken in.`);
    else lines.push(`  ${taskId}: runs again${ended === 0 ? "" : `; ${ended} of its processes were ended`}.`);
  }
  note(io, lines.join("\n"));
}
