// A session under a policy of its own, for tests of who may do what in it.
import { HolodeckError } from "../event/error.ts";
import type { AgentSession } from "../session/agent-session.ts";
import type { StartOptions } from "../session/start.ts";
import type { SessionDecision } from "../session/replay.ts";
import type { Session } from "../session/session.ts";
import { testManager, type TestManager } from "./test-manager.ts";

/** A statement that lets readers read anything. */
export const READ_ALL = {
  id: "readers-read",
  roles: ["reader"],
  effect: "allow",
  actions: ["read", "listen", "list"],
  resources: ["*"],
};

export interface TestTrust extends TestManager {
  /** Of `ada`, who holds reader and writer. */
  readonly session: Session;
  /** An agent attached to it. */
  readonly bot: AgentSession;
}

/** A session of ada, who is a reader and a writer, under a policy, with the agent `bot` attached. */
export async function testTrust(
  statements: readonly object[],
  { roles = ["reader"], ...options }: StartOptions = {},
  ports: Parameters<typeof testManager>[1] = {},
): Promise<TestTrust> {
  const made = testManager({}, ports);
  const { manager } = made;
  await manager.policies.put("house", statements);
  for (const id of ["reader", "writer"]) await manager.roles.put({ id });
  await manager.identities.put({ id: "ada", roles: ["reader", "writer"] });
  const session = await manager.startSession({ policy: "house", identity: "ada", roles, ...options });
  const bot = await session.attachAgent({ identity: "bot" });
  return { ...made, session, bot };
}

/** Why a promise was refused. Throws when it was not. */
export async function refusalOf(promise: Promise<unknown>): Promise<HolodeckError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof HolodeckError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

/** All items of a stream. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** What was decided in a session. */
export async function decisionsOf(session: Session): Promise<readonly SessionDecision[]> {
  return await all(session.decisions());
}
