// What every store that many processes share must do beyond the suite: hold through crashes and broken connections,
// and say clearly when it cannot.
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { HolodeckError } from "../src/event/error.ts";
import type { EncodedEvent } from "../src/event/event.ts";
import { openStore } from "../src/store/open.ts";
import type { Store } from "../src/store/port.ts";
import { verifyStore } from "../src/store/verify.ts";
import { lastOf, testItem, testStream } from "../src/testing/events.ts";
import { storeSuite } from "../src/testing/store-suite.ts";
import { freePort } from "./servers/process.ts";
import { Proxy } from "./servers/proxy.ts";
import { PASSWORD, type SharedServer } from "./servers/shared-server.ts";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);

export interface SharedStoreCase {
  readonly driver: string;
  readonly start: () => Promise<SharedServer>;
  /** Why no proxy can stand before the server, when none can. */
  readonly noProxy?: string;
}

export function testSharedStore({ driver, start, noProxy }: SharedStoreCase): void {
  let server: SharedServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => server.stop());

  for (const one of storeSuite) test(one.name, () => one.run(() => openStore(server.newStore())));

  test("many who create one store at once share it", async () => {
    const address = server.newStore();
    const stores = await Promise.all(Array.from({ length: 6 }, () => opened(address)));
    const results = await Promise.all(
      stores.map((store) => store.append([testItem({ stream: testStream("a") })])),
    );
    const statuses = results.flat().map(({ status }) => status);
    expect(statuses.toSorted()).toEqual(["appended", ...Array.from({ length: 5 }, () => "conflict")]);
  });

  test("what a newer version wrote is refused and left as it is", async () => {
    const address = server.newStore();
    await (await openStore(address)).close();
    await server.makeNewer(address);
    const before = await server.dump(address);
    await expect(openStore(address)).rejects.toMatchObject({ code: "store_newer" });
    expect(await server.dump(address)).toEqual(before);
  });

  test("what another program wrote is refused and left as it is", async () => {
    const address = server.newStore();
    await server.makeForeign(address);
    const before = await server.dump(address);
    await expect(openStore(address)).rejects.toMatchObject({ code: "store_corrupt" });
    expect(await server.dump(address)).toEqual(before);
  });

  test("a password stands in no name and no error", async () => {
    const store = await opened(server.newStore());
    expect(store.name).not.toContain(PASSWORD);
    const wrong = await failure(() => openStore(server.withPassword(server.newStore(), "falsch-99")));
    expect(wrong.code).toBe("store_unreachable");
    expect(inspect(wrong, { depth: 9, showHidden: true })).not.toContain("falsch-99");
    const away = await failure(async () => openStore(server.newStore(await freePort())));
    expect(away.code).toBe("store_unreachable");
    expect(inspect(away, { depth: 9, showHidden: true })).not.toContain(PASSWORD);
  });

  test("a driver that is not installed is asked for by name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holodeck-driver-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const part of ["event", "store"]) {
      await cp(join(ROOT, "src", part), join(folder, part), { recursive: true });
    }
    await writeFile(join(folder, "package.json"), `{"type":"module"}`);
    const script = join(folder, "open.ts");
    await writeFile(
      script,
      `import { openStore } from "./store/open.ts";
       await openStore(process.argv[2]).catch(({ code, todo }) => console.log(code, todo));`,
    );
    const { stdout } = await run(process.execPath, [script, server.newStore()]);
    expect(stdout).toContain("unsupported");
    expect(stdout).toContain(`npm install ${driver}`);
  });

  if (noProxy === undefined) testLostAnswer(() => server);

  test("a watcher hears of what another process appends, and after a broken connection too", async () => {
    const address = server.newStore();
    const watching = await opened(address);
    const appending = await opened(address);
    let after: EncodedEvent | undefined;
    for (const isBroken of [false, true]) {
      const heard = Promise.withResolvers<void>();
      const stop = watching.watch(() => heard.resolve());
      if (isBroken) {
        await server.kill();
        await server.restart();
      }
      const item = testItem({ stream: testStream("a"), after });
      after = lastOf(item);
      expect(await appending.append([item])).toEqual([{ status: "appended" }]);
      await heard.promise;
      stop();
    }
  });

  test("processes that write the same streams lose nothing and double nothing", async () => {
    const address = server.newStore();
    const rival = join(import.meta.dirname, "servers", "rival.ts");
    const outputs = await Promise.all(
      [1, 2].map(() => run(process.execPath, [rival, address, "5", "100"], { timeout: 60_000 })),
    );
    expect(outputs.map(({ stdout }) => Number(stdout))).toEqual([100, 100]);
    const store = await opened(address);
    const heads = await store.heads({ filter: { kind: "test" } });
    expect(heads.items.reduce((sum, { seq }) => sum + seq, 0)).toBe(200);
    expect(await verifyStore(store)).toMatchObject({ events: 200, problems: [] });
  });

  test("a server killed under load has what was acknowledged, and the rest whole or not at all", async () => {
    const store = await opened(server.newStore());
    const load = new Load(store);
    await load.reach(50);
    for (let kills = 0; kills < 2; kills++) {
      await server.kill();
      await server.restart();
      await load.reach(load.acknowledged.length + 50);
    }
    await load.stop();
    expect(load.surprises).toEqual([]);
    for (const { event, hash } of load.acknowledged) {
      const [stored] = await store.read({ stream: event.stream, afterSeq: event.seq - 1, limit: 1 });
      expect(stored?.hash).toBe(hash);
    }
    const { items } = await store.heads({ filter: { kind: "test" } });
    for (const { seq } of items) expect(seq % EVENTS_PER_ITEM).toBe(0);
    expect((await verifyStore(store)).problems).toEqual([]);
  });

  test("a server that stays away is an error that says so, and its return is noticed", async () => {
    const store = await opened(server.newStore());
    const stream = testStream("a");
    await server.kill();
    const away = await failure(() => store.append([testItem({ stream })]));
    expect(away.code).toBe("store_unreachable");
    await server.restart();
    expect(await store.read({ stream })).toEqual([]);
    expect(await store.append([testItem({ stream })])).toEqual([{ status: "appended" }]);
  });
}

function testLostAnswer(server: () => SharedServer): void {
  test("an append whose answer was lost is appended once", async () => {
    const proxy = await Proxy.start(server().port);
    const store = await opened(server().newStore(proxy.port));
    const stream = testStream("lost");
    const first = testItem({ stream });
    await store.append([first]);
    const marked = testItem({
      stream,
      after: lastOf(first),
      facts: [{ data: { text: "m4rker" } }],
      keys: ["k"],
    });
    const rival = testItem({ stream, after: lastOf(first), facts: [{ data: { text: "other" } }] });
    proxy.loseAnswerTo("m4rker");
    // The same events twice: whoever came second has lost, though what stands there is what it wanted.
    expect(await store.append([marked, { ...marked, keys: [] }, rival])).toEqual([
      { status: "appended" },
      { status: "conflict", seq: 2 },
      { status: "conflict", seq: 2 },
    ]);
    expect(proxy.cuts).toBe(1);
    expect(await store.read({ stream })).toHaveLength(2);
    expect(await store.append([marked])).toEqual([{ status: "repeated", key: "k", seq: 2 }]);
    await store.close();
    await proxy.stop();
  });
}

const EVENTS_PER_ITEM = 3;

/** Eight writers, each with a stream of its own, that go on until they are stopped. */
class Load {
  readonly acknowledged: EncodedEvent[] = [];
  /** What must not happen to the only writer of a stream. */
  readonly surprises: string[] = [];
  readonly #store: Store;
  readonly #writers: readonly Promise<void>[];
  #isStopped = false;
  #goal: { readonly count: number; readonly resolve: () => void } | null = null;

  constructor(store: Store) {
    this.#store = store;
    this.#writers = Array.from({ length: 8 }, (_, index) => this.#write(`w${index}`));
  }

  async reach(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#goal = { count, resolve };
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#writers);
  }

  async #write(id: string): Promise<void> {
    const stream = testStream(id);
    let after: EncodedEvent | undefined;
    while (!this.#isStopped) {
      const item = testItem({ stream, after, facts: Array.from({ length: EVENTS_PER_ITEM }, () => ({})) });
      try {
        const [result] = await this.#store.append([item]);
        if (result?.status !== "appended") this.surprises.push(`${stream}: ${JSON.stringify(result)}`);
        after = lastOf(item);
        this.acknowledged.push(...item.events);
      } catch {
        // Nobody knows what became of it; the stream itself does.
        after = await this.#last(id).catch(() => after);
      }
      if (this.#goal !== null && this.acknowledged.length >= this.#goal.count) this.#goal.resolve();
    }
  }

  async #last(id: string): Promise<EncodedEvent | undefined> {
    const stream = testStream(id);
    const head = await this.#store.head({ stream });
    if (head === null) return undefined;
    return (await this.#store.read({ stream, afterSeq: head.seq - 1, limit: 1 }))[0];
  }
}

async function opened(address: string): Promise<Store> {
  const store = await openStore(address);
  onTestFinished(() => store.close());
  return store;
}

async function failure(act: () => Promise<unknown>): Promise<HolodeckError> {
  try {
    await act();
  } catch (error) {
    return error as HolodeckError;
  }
  throw new Error("Nothing was thrown.");
}
