// A disk that is full: an error that says so, nothing lost, and service again when there is room. Full is what the
// store itself may not pass, and, for root on Linux, a file system of its own.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HolodeckError } from "../../src/event/error.ts";
import { SessionManager } from "../../src/local.ts";
import type { Session } from "../../src/session/session.ts";
import type { Store } from "../../src/store/port.ts";
import { openStore } from "../../src/store/open.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { need } from "../need.ts";
import { PostgresServer } from "../servers/postgres.ts";
import { RedisServer } from "../servers/redis.ts";
import { announced } from "./announced-store.ts";
import { audit } from "./audit.ts";
import { Ledger } from "./ledger.ts";

const CONFIG = { sessionName: "full", agentId: "oracle1", maxTasks: 100_000 };
/** Fills the store quickly, stands in the event itself, and is not made smaller by a store that compresses. */
const DATA = randomBytes(10_000).toString("hex");

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-full-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

test("a store at its bound says so, keeps what it promised, and takes more once it may grow", async () => {
  const ledger = new Ledger();
  const path = join(folder, "holodeck.db");
  const bounded = announced(await openSqliteStore(path, { bytesMax: 1024 * 1024 }), (line) =>
    ledger.take(line),
  );
  const manager = new SessionManager(CONFIG, { store: bounded });
  const session = await manager.startSession();
  const added = await fill(session);
  await expect(session.addTask("late", DATA)).rejects.toMatchObject({ code: "store_full" });
  expect(session.tasks).toHaveLength(added);
  expect(session.getTask("late")).toBeUndefined();
  await manager.close();

  await expectServed(await openSqliteStore(path), ledger, session.sessionId, added);
});

const isMounted = process.platform === "linux" && process.getuid?.() === 0 && canMount();

test.skipIf(!isMounted)("a full disk says so, and the same process goes on when there is room", async () => {
  const disk = join(folder, "disk");
  await mkdir(disk);
  mount("-t", "tmpfs", "-o", "size=8m", "holodeck", disk);
  try {
    const ballast = join(disk, "ballast");
    await writeFile(ballast, Buffer.alloc(5 * 1024 * 1024));
    const ledger = new Ledger();
    const path = join(disk, "holodeck.db");
    const store = announced(await openSqliteStore(path), (line) => ledger.take(line));
    const manager = new SessionManager(CONFIG, { store });
    const session = await manager.startSession();
    const added = await fill(session);
    await rm(ballast);
    await session.addTask("late", "now there is room");
    expect(session.tasks).toHaveLength(added + 1);
    await manager.close();
    await expectServed(await openSqliteStore(path), ledger, session.sessionId, added + 1);
  } finally {
    spawnSync("umount", [disk]);
  }
});

test.skipIf(!isMounted || !need("postgres"))(
  "PostgreSQL with a full disk says so, and the same process goes on when there is room",
  { timeout: 60_000 },
  async () => {
    const disk = join(folder, "disk");
    await chmod(folder, 0o755);
    await mkdir(disk);
    mount("-t", "tmpfs", "-o", "size=12m", "holodeck", disk);
    const server = await PostgresServer.start();
    try {
      const tables = join(disk, "tables");
      await mkdir(tables);
      await server.placeTablesIn(tables);
      const ballast = join(disk, "ballast");
      await writeFile(ballast, Buffer.alloc(8 * 1024 * 1024));
      const ledger = new Ledger();
      const address = server.newStore();
      const store = announced(await openStore(address), (line) => ledger.take(line));
      const manager = new SessionManager(CONFIG, { store });
      const session = await manager.startSession();
      const added = await fill(session);
      await rm(ballast);
      await session.addTask("late", "now there is room");
      expect(session.tasks).toHaveLength(added + 1);
      await manager.close();
      await expectServed(await openStore(address), ledger, session.sessionId, added + 1);
    } finally {
      await server.stop();
      spawnSync("umount", [disk]);
    }
  },
);

test.skipIf(!isMounted || !need("redis"))(
  "Redis ends on a full disk: that is said, and what it promised is there when it has room",
  { timeout: 60_000 },
  async () => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    mount("-t", "tmpfs", "-o", "size=4m", "holodeck", disk);
    const server = await RedisServer.start({ dir: disk });
    try {
      const ballast = join(disk, "ballast");
      await writeFile(ballast, Buffer.alloc(2 * 1024 * 1024));
      const ledger = new Ledger();
      const address = server.newStore();
      const store = announced(await openStore(address), (line) => ledger.take(line));
      const manager = new SessionManager(CONFIG, { store });
      const session = await manager.startSession();
      const added = await fill(session, "store_unreachable");
      await rm(ballast);
      await server.restart();
      await session.addTask("late", "now there is room");
      expect(session.tasks).toHaveLength(added + 1);
      await manager.close();
      await expectServed(await openStore(address), ledger, session.sessionId, added + 1);
    } finally {
      await server.stop();
      spawnSync("umount", [disk]);
    }
  },
);

/** Adds tasks until the store is full; answers how many it took. */
async function fill(session: Session, code = "store_full"): Promise<number> {
  for (let count = 0; count < 1_000; count++) {
    const failure = await session.addTask(`t${count}`, DATA).then(
      () => null,
      (error: unknown) => error as HolodeckError,
    );
    if (failure === null) continue;
    expect(failure.code).toBe(code);
    if (code === "store_full") expect(failure.todo).toMatch(/[Ff]ree some space/);
    return count;
  }
  throw new Error("It was never full.");
}

/** What was promised is there, nothing in part, and the session goes on to its end. */
async function expectServed(store: Store, ledger: Ledger, sessionId: string, tasks: number): Promise<void> {
  const { lost, doubled, torn } = await audit({ store, ledger });
  expect({ lost, doubled, torn }).toEqual({ lost: [], doubled: [], torn: [] });
  await using manager = new SessionManager(CONFIG, { store });
  const session = await manager.resume(sessionId);
  expect(session.tasks).toHaveLength(tasks);
  await session.addTask("after", DATA);
  expect(await session.endSession("success")).toBe("success");
}

function canMount(): boolean {
  const { status } = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "holodeck", "/mnt"]);
  return status === 0;
}

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
