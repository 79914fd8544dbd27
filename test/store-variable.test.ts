// HOLODECK_STORE names a store on a server: the library and the command find it there, and leave no file behind.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";
import { RedisCluster } from "./servers/redis-cluster.ts";
import { RedisServer } from "./servers/redis.ts";
import { PASSWORD, type SharedServer } from "./servers/shared-server.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const INDEX = new URL("../src/index.ts", import.meta.url).href;

/** A program of the library's that names no store. */
const PROGRAM = `
import { SessionManager } from ${JSON.stringify(INDEX)};
await using manager = new SessionManager({ sessionName: "by-variable", agentId: "oracle1" });
const session = await manager.startSession();
await session.addTask("t");
await session.completeTask("t", "success");
await session.endSession();
console.log(session.sessionId);
`;

const SERVERS: readonly {
  readonly scheme: string;
  readonly part: string;
  readonly start: () => Promise<SharedServer>;
}[] = [
  { scheme: "postgres:", part: "postgres", start: async () => await PostgresServer.start() },
  { scheme: "redis:", part: "redis", start: async () => await RedisServer.start() },
  { scheme: "redis+cluster:", part: "redis", start: async () => await RedisCluster.start() },
];

for (const { scheme, part, start } of SERVERS) {
  test.skipIf(!need(part))(`HOLODECK_STORE=${scheme}//… is where library and command work`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "holodeck-variable-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const server = await start();
    onTestFinished(async () => await server.stop());
    const [store, other] = [server.newStore(), server.newStore()];
    const { PATH = "" } = process.env;
    const node = async (address: string, ...args: readonly string[]) => {
      const env = { PATH, HOLODECK_STORE: address };
      const { stdout, stderr } = await run(process.execPath, [...args], { cwd: folder, env });
      expect(stdout + stderr).not.toContain(PASSWORD);
      return stdout.trim();
    };
    const listed = async (address: string, ...args: readonly string[]) => {
      const { sessions } = JSON.parse(
        await node(address, MAIN, "session", "ls", "--json", ...args),
      ) as Listed;
      return sessions.map(({ session_id }) => session_id);
    };

    expect(store.startsWith(scheme)).toBe(true);
    const sessionId = await node(store, "--input-type=module", "-e", PROGRAM);
    expect(await listed(store)).toEqual([sessionId]);
    expect(await node(store, MAIN, "verify")).toMatch(/\b\d+ events\b/);
    // The flag says more than the variable.
    const elsewhere = await node(other, "--input-type=module", "-e", PROGRAM);
    expect(await listed(store, "--store", other)).toEqual([elsewhere]);
    expect(readdirSync(folder)).toEqual([]);
  });
}

interface Listed {
  readonly sessions: readonly { readonly session_id: string }[];
}
