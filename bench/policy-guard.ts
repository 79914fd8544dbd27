// The guarded decision: `session.can` of an agent that has one role of fifty, on a SQLite file, over the same rules as
// `policy.evaluate` beside it. It looks at the log, finds who asks and decides; only questions that are allowed, since
// a deny is an event and waits for the disk. One after the other, and 64 at once, which share a look at the log.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionManager } from "../src/local.ts";
import type { Session } from "../src/session/session.ts";
import type { Question, Rule } from "./policy-engines.ts";
import { statementsOf } from "./policy-engines.ts";

export interface Guarded {
  readonly oneByOne: (ms: number) => Promise<number>;
  readonly together: (ms: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

const TOGETHER = 64;

/** A session under these rules with an agent for each role. Throws when the guard answers otherwise than the policy. */
export async function guardedAt(rules: readonly Rule[], questions: readonly Question[]): Promise<Guarded> {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-bench-guard-"));
  const manager = new SessionManager(
    { sessionName: "bench", agentId: "bench" },
    { store: join(folder, "h.db") },
  );
  const session = await sessionOf(manager, rules);
  const asked: Question[] = [];
  for (const question of questions) {
    if ((await ask(session, question)).allow) asked.push(question);
  }
  return {
    oneByOne: async (ms) => await perSecond(session, asked, 1, ms),
    together: async (ms) => await perSecond(session, asked, TOGETHER, ms),
    close: async () => {
      await manager.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function sessionOf(manager: SessionManager, rules: readonly Rule[]): Promise<Session> {
  const roles = [...new Set(rules.map(({ role }) => role))];
  for (const id of roles) await manager.roles.put({ id });
  await manager.identities.put({ id: "owner", roles });
  await manager.policies.put("bench", statementsOf(rules));
  const session = await manager.startSession({ policy: "bench", identity: "owner", recordAllows: "none" });
  for (const role of [...roles, "stranger"]) {
    await session.attachAgent({ identity: `user-${role}`, roles: role === "stranger" ? [] : [role] });
  }
  return session;
}

async function ask(session: Session, { principal, request }: Question) {
  return await session.can(principal.id, request.action, request.resource);
}

async function perSecond(
  session: Session,
  asked: readonly Question[],
  atOnce: number,
  ms: number,
): Promise<number> {
  const started = performance.now();
  let count = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    const turn = Array.from({ length: atOnce }, (_, index) => asked[(count + index) % asked.length]!);
    for (const { allow } of await Promise.all(turn.map(async (question) => await ask(session, question)))) {
      if (!allow) throw new Error("What was allowed is denied.");
    }
    count += atOnce;
    elapsed = performance.now() - started;
  }
  return (count * 1_000) / elapsed;
}
