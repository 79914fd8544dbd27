// What one process changes about who may do what, another one's next decision knows: a second process edits a policy,
// an identity and a session's roles on a shared store, and after each answer this one decides.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";
import { RedisServer } from "./servers/redis.ts";

const folder = mkdtempSync(join(tmpdir(), "holodeck-trust-"));
const INDEX = new URL("../src/index.ts", import.meta.url).href;

const READ = { id: "read", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["*"] };

/** Does what each line names, and says so once it is durable. */
const EDITOR = `
import { createInterface } from "node:readline";
import { SessionManager } from ${JSON.stringify(INDEX)};
const { store, sessionId } = JSON.parse(process.argv[1]);
await using manager = new SessionManager({ sessionName: "editor", agentId: "editor" }, { store });
const edits = {
  deny: () => manager.policies.put("house", []),
  allow: () => manager.policies.put("house", [${JSON.stringify(READ)}]),
  revoke: () => manager.identities.revokeRole("ada", "reader"),
  grant: () => manager.identities.grantRole("ada", "reader"),
  withdraw: async () => (await manager.get(sessionId)).revokeRole("reader"),
};
for await (const line of createInterface({ input: process.stdin })) {
  await edits[line]();
  console.log(line);
}`;

const ROUNDS = 20;

interface Place {
  readonly name: string;
  readonly isThere: boolean;
  readonly start: () => Promise<{ readonly store: string; readonly stop: () => Promise<void> }>;
}

async function serverOf(start: () => Promise<PostgresServer | RedisServer>): ReturnType<Place["start"]> {
  const server = await start();
  return { store: server.newStore(), stop: async () => await server.stop() };
}

const PLACES: readonly Place[] = [
  {
    name: "SQLite",
    isThere: true,
    start: async () =>
      await Promise.resolve({ store: join(folder, "h.db"), stop: async () => await Promise.resolve() }),
  },
  {
    name: "PostgreSQL",
    isThere: need("postgres"),
    start: async () => await serverOf(async () => await PostgresServer.start()),
  },
  {
    name: "Redis",
    isThere: need("redis"),
    start: async () => await serverOf(async () => await RedisServer.start()),
  },
];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { name, isThere, start } of PLACES) {
  test.skipIf(!isThere)(`an edit in another process takes effect at once, on ${name}`, async () => {
    const { store, stop } = await start();
    try {
      await using manager = new SessionManager({ sessionName: "guarded", agentId: "oracle1" }, { store });
      await manager.policies.put("house", [READ]);
      await manager.roles.put({ id: "reader" });
      await manager.identities.put({ id: "ada", roles: ["reader"] });
      const session = await manager.startSession({ policy: "house", identity: "ada" });
      await session.attachAgent({ identity: "bot" });
      const may = async (): Promise<boolean> => (await session.can("bot", "read", "axis.a")).allow;
      expect(await may()).toBe(true);
      const editor = editorOn(store, session.sessionId);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [edit, expected] of [
          ["deny", false],
          ["allow", true],
          ["revoke", false],
          ["grant", true],
        ] as const) {
          await editor.does(edit);
          expect([round, edit, await may()]).toEqual([round, edit, expected]);
        }
      }
      await editor.does("withdraw");
      expect(await may()).toBe(false);
      expect(await editor.ends()).toBe(0);
    } finally {
      await stop();
    }
  });
}

function editorOn(store: string, sessionId: string) {
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", EDITOR, JSON.stringify({ store, sessionId })],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Resolves when the edit is durable. */
    does: async (edit: string): Promise<void> => {
      child.stdin.write(`${edit}\n`);
      expect((await lines.next()).value).toBe(edit);
    },
    ends: async (): Promise<unknown> => {
      child.stdin.end();
      const [code] = (await once(child, "close")) as [unknown];
      return code;
    },
  };
}
