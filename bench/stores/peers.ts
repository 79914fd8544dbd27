// The libraries that ten-task sessions are measured beside, each as its own manual has it done, with as many at once
// and the same server. Those that are not installed answer null.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RedisServer } from "../../test/servers/redis.ts";
import type { PostgresServer } from "../../test/servers/postgres.ts";

/** What a library was made ready for: runs so many pieces of work of ten steps, 64 at once, and answers when all are done. */
export interface Peer {
  readonly run: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const TASKS = 10;
export const AT_ONCE = 64;

/** What every step gives back, and every task takes: on both sides the same bytes. */
export const INPUT = { query: "what is emergence?", depth: 2 };
export const RESULT = { found: 5, source: "notes/emergence.md" };

/** A step of a task: nothing that takes time, so that what is left is the library and its server. */
export async function work(): Promise<typeof RESULT> {
  return await Promise.resolve(RESULT);
}

/** Calls `one` so many times, 64 at once. */
export async function atOnce(count: number, one: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Workflows of ten steps: the start, each step's result and the end durable. */
export async function dbos(
  server: PostgresServer,
): Promise<{ readonly steps: Peer; readonly atOnce: Peer } | null> {
  const sdk = await load<DbosModule>("@dbos-inc/dbos-sdk");
  if (sdk === null) return null;
  const { DBOS } = sdk;
  const url = new URL(server.address("public"));
  url.search = "";
  const systemDatabasePoolSize = DBOS_CONNECTIONS;
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url.href, systemDatabasePoolSize, logLevel: "error" });
  const step = async (index: number): Promise<typeof RESULT> =>
    await DBOS.runStep(work, { name: `task-${index}` });
  const inTurn = DBOS.registerWorkflow(
    async ({ depth }: typeof INPUT) => {
      const results: object[] = [];
      for (let index = 0; index < TASKS; index++) results.push(await step(index));
      return depth + results.length;
    },
    { name: "in turn" },
  );
  const together = DBOS.registerWorkflow(
    async ({ depth }: typeof INPUT) => {
      const results = await Promise.all(Array.from({ length: TASKS }, (_, index) => step(index)));
      return depth + results.length;
    },
    { name: "together" },
  );
  await DBOS.launch();
  const close = async (): Promise<void> => await DBOS.shutdown();
  const peer = (workflow: (input: typeof INPUT) => Promise<number>): Peer => ({
    run: async (count) => await atOnce(count, async () => void (await workflow(INPUT))),
    close,
  });
  return { steps: peer(inTurn), atOnce: peer(together) };
}

/** More were no faster on two cores, fewer were slower. */
const DBOS_CONNECTIONS = 32;

/** One job of ten steps: added, taken, each step's result and the end durable, as its manual has a job in steps. */
export async function bullSteps(server: RedisServer): Promise<Peer | null> {
  const bull = await loadBull(server);
  if (bull === null) return null;
  const { Queue, Worker, options } = bull;
  const done = new Settled();
  const queue = new Queue("steps", options);
  const worker = new Worker(
    "steps",
    async (job) => {
      const results: object[] = [];
      for (let step = 0; step < TASKS; step++) {
        results.push(await work());
        await job.updateData({ ...INPUT, step, results });
      }
      return RESULT;
    },
    { ...options, concurrency: AT_ONCE },
  );
  worker.on("completed", (job) => done.settle(job.id));
  await worker.waitUntilReady();
  return {
    run: async (count) =>
      await atOnce(count, async () => await done.of((await queue.add("session", INPUT)).id)),
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
}

/** A flow: ten jobs, each added, taken and completed, and the job they belong to after them. */
export async function bullFlow(server: RedisServer): Promise<Peer | null> {
  const bull = await loadBull(server);
  if (bull === null) return null;
  const { FlowProducer, Worker, options } = bull;
  const done = new Settled();
  const producer = new FlowProducer(options);
  const worker = new Worker("flow", work, { ...options, concurrency: AT_ONCE * TASKS });
  worker.on("completed", (job) => {
    if (job.name === "session") done.settle(job.id);
  });
  await worker.waitUntilReady();
  const children = Array.from({ length: TASKS }, (_, index) => {
    return { name: `task-${index}`, queueName: "flow", data: INPUT };
  });
  const flow = { name: "session", queueName: "flow", data: INPUT, children };
  return {
    run: async (count) => await atOnce(count, async () => await done.of((await producer.add(flow)).job.id)),
    close: async () => {
      await worker.close();
      await producer.close();
    },
  };
}

async function loadBull(server: RedisServer): Promise<(BullModule & { readonly options: object }) | null> {
  const bull = await load<BullModule>("bullmq");
  if (bull === null) return null;
  const { hostname: host, port, username, password } = new URL(server.newStore());
  const connection = { host, port: Number(port), username, password, maxRetriesPerRequest: null };
  return { ...bull, options: { connection } };
}

/** Jobs that have ended, and who waits for one: either may come first. */
class Settled {
  readonly #waiting = new Map<string, () => void>();
  readonly #ended = new Set<string>();

  settle(id: string): void {
    const resolve = this.#waiting.get(id);
    if (resolve === undefined) this.#ended.add(id);
    else {
      this.#waiting.delete(id);
      resolve();
    }
  }

  of(id: string): Promise<void> {
    if (this.#ended.delete(id)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}

/** Those that are installed, with their versions. */
export async function peerVersions(): Promise<readonly string[]> {
  const versions = ["@dbos-inc/dbos-sdk", "bullmq"].map(async (name) => {
    const path = join(import.meta.dirname, "..", "node_modules", name, "package.json");
    const text = await readFile(path, "utf8").catch(() => null);
    return text === null ? [] : [`${name} ${(JSON.parse(text) as { readonly version: string }).version}`];
  });
  return (await Promise.all(versions)).flat();
}

/** By a name that is not written out: types and dead code are checked without these packages. */
async function load<Module>(name: string): Promise<Module | null> {
  try {
    return (await import(name)) as Module;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  }
}

interface DbosModule {
  readonly DBOS: {
    setConfig(config: object): void;
    registerWorkflow<Input, Output>(
      act: (input: Input) => Promise<Output>,
      config: object,
    ): (input: Input) => Promise<Output>;
    runStep<Output>(act: () => Promise<Output>, config: object): Promise<Output>;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
  };
}

interface Job {
  readonly id: string;
  readonly name: string;
  updateData(data: object): Promise<void>;
}

interface BullModule {
  readonly Queue: new (
    name: string,
    options: object,
  ) => { add(name: string, data: object): Promise<Job>; close(): Promise<void> };
  readonly FlowProducer: new (options: object) => {
    add(flow: object): Promise<{ readonly job: Job }>;
    close(): Promise<void>;
  };
  readonly Worker: new (
    name: string,
    act: (job: Job) => Promise<unknown>,
    options: object,
  ) => {
    on(event: "completed", listener: (job: Job) => void): void;
    waitUntilReady(): Promise<unknown>;
    close(): Promise<void>;
  };
}
