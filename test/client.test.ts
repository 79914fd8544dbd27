import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { Retention } from "../src/session/retention.ts";
import { streamOf } from "../src/session/stream.ts";
import { ServedWorld } from "./served-world.ts";

let world: ServedWorld;
beforeEach(async () => void (world = await new ServedWorld().start()));
afterEach(async () => await world.close());

test("work is stopped when its task is cancelled by another client", async () => {
  const session = await world.client().startSession();
  await session.addTask("long");
  const elsewhere = await world.client().get(session.sessionId);
  const stopped: string[] = [];
  const run = session.run("long", async ({ signal }) => {
    await elsewhere.getTask("long")?.cancel("not needed");
    if (!signal.aborted) await once(signal, "abort");
    stopped.push("stopped");
  });
  await expect(run).rejects.toMatchObject({ code: "task_ended" });
  await expect.poll(() => stopped).toEqual(["stopped"]);
  expect(session.getTask("long")).toMatchObject({ outcome: "cancelled", error: "not needed" });
});

test("what others do is told once each and in order, also across a restart of the server", async () => {
  const watched = await world.client().startSession();
  const seqs: number[] = [];
  watched.on("change", ({ seq }) => seqs.push(seq));
  const other = await world.client().get(watched.sessionId);
  await other.addTask("a");
  await expect.poll(() => seqs).toEqual([2]);
  await world.restart();
  await other.addTask("b");
  await other.completeTask("a", "success");
  await other.endSession();
  await expect.poll(() => watched.outcome, { timeout: 20_000 }).toBe("success");
  const head = await world.store.head({ stream: streamOf(watched.sessionId) });
  expect(seqs).toEqual(Array.from({ length: (head?.seq ?? 0) - 1 }, (_, index) => index + 2));
});

test("a request whose answer got lost on the way has its effect once", async () => {
  const url = await losingAnswers(world.url, 4);
  const session = await world.client({ url }).startSession();
  await session.addTask("a");
  await session.completeTask("a", "success");
  const types: string[] = [];
  for await (const { type } of session.events()) types.push(type);
  expect(types).toEqual(["session_started", "task_added", "task_started", "task_ended"]);
  expect((await world.client().list()).sessions).toHaveLength(1);
});

test("the past of a session is read, forked and found again", async () => {
  const client = world.client();
  const session = await client.startSession({ sessionId: "sess_origin" });
  await session.addTask("a");
  await session.completeTask("a", "success", { result: { found: 5 } });
  const past = await session.at(2);
  expect(past.getTask("a")?.status).toBe("pending");
  await expect(past.addTask()).rejects.toMatchObject({ code: "read_only" });
  await expect(session.at(99)).rejects.toMatchObject({ code: "invalid_argument" });
  const fork = await session.fork(2);
  expect(fork.forkedFrom).toMatchObject({ sessionId: "sess_origin", seq: 2 });
  expect(fork.getActiveTasks().map(({ taskId }) => taskId)).toEqual(["a"]);
  const data = await session.persist();
  expect((await client.rehydrate(data)).sessionId).toBe("sess_origin");
  await expect(client.rehydrate({ ...data, metadata: { x: 1 } })).rejects.toMatchObject({
    code: "persist_mismatch",
  });
});

test("a session whose events were pruned is read as far as it is there", async () => {
  const client = world.client();
  const session = await client.startSession();
  await session.addTask("a");
  await session.endSession("failed", { error: "no use" });
  const { store, clock } = world;
  await clock.advance(86_400_000);
  await new Retention({ store, clock, retain: { eventsDays: 1 }, owner: "test" }).run();
  const again = await client.get(session.sessionId);
  expect(again).toMatchObject({ pruned: "events", outcome: "failed", totals: { cancelled: 1 } });
  await expect(again.tiles()).rejects.toMatchObject({ code: "pruned" });
  await expect(again.at(2)).rejects.toMatchObject({ code: "pruned" });
});

test("routing is the server's: its fleet gets agents, and says which of them has a task", async () => {
  const client = world.client({ h1RouterEnabled: true });
  await client.registerAgent("builder", ["compilation"]);
  const session = await client.startSession();
  expect(await client.routeTaskH1("compile", ["compilation"])).toMatchObject({ agentId: "builder" });
  expect(session.getTask("compile")?.agentId).toBe("builder");
  expect(await client.getH1Status()).toMatchObject({ h1: 0, emergence: false });
});

test("a server that asks for a key is told it, and who has none is told so", async () => {
  const guarded = await new ServedWorld().start(0, ["an-operators-key-0123"]);
  onTestFinished(async () => await guarded.close());
  await expect(guarded.client().startSession()).rejects.toMatchObject({ code: "unauthenticated" });
  const session = await guarded.client({ apiKey: "an-operators-key-0123" }).startSession();
  expect(session.status).toBe("open");
  expect(() => guarded.client({ apiKey: "two words" })).toThrow("apiKey");
});

test("no server is an error that says what to do, and so is a manager that was closed", async () => {
  const nobody = world.client({ url: "http://127.0.0.1:9", retrySeconds: 0 });
  await expect(nobody.list()).rejects.toMatchObject({
    code: "server_unreachable",
    todo: expect.stringContaining("holodeck up") as string,
  });
  const client = world.client();
  await client.close();
  await expect(client.startSession()).rejects.toMatchObject({ code: "store_closed" });
});

test("what only the store's own process can do is refused", async () => {
  const session = await world.client().startSession();
  const task = await (await session.addTask("a")).start();
  await expect(session.loseAttempt("a", "gone")).rejects.toMatchObject({ code: "unsupported" });
  const record = { output: { hash: "0".repeat(64), bytes: 1 } };
  await expect(task.complete({ record })).rejects.toMatchObject({ code: "unsupported" });
  await expect(task.complete({ record: { exit_code: 3 } })).resolves.toMatchObject({ outcome: "success" });
});

test("more sessions than a filter holds are followed all the same", async () => {
  const client = world.client();
  const sessions = await Promise.all(Array.from({ length: 95 }, async () => await client.startSession()));
  const other = world.client();
  const seen: string[] = [];
  const chosen = [0, 47, 94].flatMap((index) => sessions[index] ?? []);
  for (const one of chosen) one.on("task_added", ({ data }) => seen.push(data["task_id"] as string));
  for (const [index, { sessionId }] of chosen.entries())
    await (await other.get(sessionId)).addTask(`t${index}`);
  await expect.poll(() => seen.toSorted(), { timeout: 10_000 }).toEqual(["t0", "t1", "t2"]);
});

/** A way to a server on which the first answers to POSTs get lost. Answers its address. */
async function losingAnswers(target: string, count: number): Promise<string> {
  let left = count;
  const proxy = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const onward = request(`${target}${url}`, { method, headers }, (answer) => {
      if (method === "POST" && left > 0) {
        left--;
        answer.resume();
        answer.once("end", () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => incoming.socket.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
