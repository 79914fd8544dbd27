// What would have an effect it must not have: a request sent where nobody asked to, a task ended twice.
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { sinkFor } from "../../src/local.ts";
import { TestPlato } from "../../src/testing/test-plato.ts";
import { Outbox } from "../../src/tile/outbox.ts";
import { waitingSessions } from "../../src/tile/waiting.ts";
import { TILE } from "../../src/testing/plato-caller.ts";
import { World, type Answered } from "./world.ts";

const PRIVATE = /^(?:10\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|192\.0\.2\.)/;

/** Ways to write addresses that lead to this machine, or into its network, without saying so. */
function disguises(port: number): readonly string[] {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const address = own.find(({ family, address: one }) => family === "IPv4" && PRIVATE.test(one))?.address;
  const [a = 0, b = 0, c = 0, d = 0] = (address ?? "0.0.0.0").split(".").map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  return [
    `http://0:${port}`,
    `http://00:${port}`,
    `http://0x0:${port}`,
    `http://0.0.0.0:${port}`,
    `http://[::]:${port}`,
    `http://[::ffff:0.0.0.0]:${port}`,
    `http://[::ffff:0:0]:${port}`,
    `http://${number}:${port}`,
    `http://0x${number.toString(16)}:${port}`,
    `http://0${number.toString(8)}:${port}`,
    `http://${a}.${b * 65_536 + c * 256 + d}:${port}`,
    `http://[::ffff:${a}.${b}.${c}.${d}]:${port}`,
    `http://[64:ff9b::${a}.${b}.${c}.${d}]:${port}`,
    `http://169.254.169.254:${port}/latest/meta-data`,
  ];
}

/** A server that counts who connects to it, on every address of this machine. */
async function trap(): Promise<{ server: Server; port: number; connections: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, resolve));
  return { server, port: (server.address() as AddressInfo).port, connections: () => count };
}

test("SSRF forms", async () => {
  const world = await World.open();
  const { server, port, connections } = await trap();
  // On loopback, which is allowed, and sends whoever comes on to where it is not.
  const redirecting = createHttpServer((_, response) => {
    response.writeHead(307, { location: `http://0.0.0.0:${port}/submit` }).end();
  });
  await new Promise<void>((resolve) => void redirecting.listen(0, "127.0.0.1", resolve));
  const honest = await new TestPlato().start();
  const redirect = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
  const urls = [...disguises(port), redirect];
  for (const plato_url of [...urls, honest.url]) {
    const body = { session_name: "s", agent_id: "a", plato_url };
    expect([plato_url, (await world.call("/v1/sessions", { body })).status]).toEqual([plato_url, 201]);
  }
  for (const plato_url of [
    "file:///etc/passwd",
    "gopher://127.0.0.1:1",
    "http://a:b@c",
    "http://",
    "//x",
    "x",
  ]) {
    const body = { session_name: "s", agent_id: "a", plato_url };
    expect([plato_url, (await world.call("/v1/sessions", { body })).status]).toEqual([plato_url, 400]);
  }
  // As `holodeck up` sends what its store's sessions have to send.
  const { store, clock } = world;
  const problems: unknown[] = [];
  const outbox = new Outbox({
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: () => 0,
    owner: "test",
    sinkFor: sinkFor(clock, { allowPrivateTargets: false }),
    onError: (error) => problems.push(error),
  });
  outbox.start();
  while (honest.tiles.length === 0 || (await parked(world)).length < urls.length)
    await new Promise(setImmediate);
  await outbox.stop(0);
  expect(connections()).toBe(0);
  const reasons = await parked(world);
  expect(reasons).toHaveLength(urls.length);
  expect(reasons.filter((reason) => /private network/.test(reason))).toHaveLength(urls.length - 1);
  expect(problems).toEqual([]);
  await honest.stop();
  server.close();
  redirecting.close();
  await world.close();
});

/** Why tiles were parked. */
async function parked({ store }: World): Promise<readonly string[]> {
  const reasons: string[] = [];
  for await (const { parked: all } of waitingSessions(store))
    reasons.push(...all.map(({ reason }) => reason));
  return reasons;
}

function statuses(answers: readonly Answered[]): Readonly<Record<number, number>> {
  const groups = Object.groupBy(answers, ({ status }) => status);
  return Object.fromEntries(Object.entries(groups).map(([status, all]) => [status, all?.length ?? 0]));
}

test("replayed and concurrent completes", async () => {
  const world = await World.open();
  const post = async (path: string, body: object, headers = {}, port: "main" | "router" = "main") =>
    await world.call(path, { body, headers }, port);
  const { text } = await post("/v1/sessions", { session_name: "s", agent_id: "a" });
  const session = `/v1/sessions/${(JSON.parse(text) as { session_id: string }).session_id}`;
  const task = `${session}/tasks/t`;
  await post(`${session}/tasks`, { task_id: "t", retries: { max: 1 } });
  await post(`${task}/start`, {});
  // Whoever races, with whatever outcome: one is first, and the others are told.
  const outcomes = ["success", "cancelled"] as const;
  const racing = Array.from(
    { length: 40 },
    async (_, index) => await post(`${task}/complete`, { outcome: outcomes[index % 2], attempt: 1 }),
  );
  expect(statuses(await Promise.all(racing))).toEqual({ 200: 1, 409: 39 });
  const before = await world.state();
  expect((await post(`${task}/complete`, { outcome: "success", attempt: 1 })).status).toBe(409);
  expect((await post(`${task}/start`, {})).status).toBe(409);
  expect(await world.state()).toBe(before);

  // The same request under its key has its effect once, and is answered alike; another under that key is refused.
  await post(`${session}/tasks`, { task_id: "u" });
  await post(`${session}/tasks/u/start`, {});
  const key = { "idempotency-key": "k" };
  const first = await post(`${session}/tasks/u/complete`, { outcome: "success" }, key);
  const again = await post(`${session}/tasks/u/complete`, { outcome: "success" }, key);
  expect([first.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([
    200,
    first.text,
    "true",
  ]);
  expect((await post(`${session}/tasks/u/complete`, { outcome: "failed" }, key)).status).toBe(422);
  const { text: events } = await world.call(`${session}/events`);
  expect(events.match(/"type":"task_ended"/g)).toHaveLength(2);

  // The router's tasks, and PLATO's tiles.
  await post("/register/agent", { agent_id: "a" }, {}, "router");
  await post("/route", { task_id: "r" }, {}, "router");
  const completing = Array.from(
    { length: 20 },
    async () => await post("/complete", { task_id: "r" }, {}, "router"),
  );
  expect(statuses(await Promise.all(completing))).toEqual({ 200: 1, 404: 19 });
  const submitting = Array.from({ length: 20 }, async () => await post("/submit", TILE));
  expect(statuses(await Promise.all(submitting))).toEqual({ 200: 1, 403: 19 });
  const keyed = Array.from(
    { length: 20 },
    async () => await post("/submit", { ...TILE, room: "attic" }, key),
  );
  expect(new Set((await Promise.all(keyed)).map(({ text: one }) => hashIn(one))).size).toBe(1);
  await world.close();
});

function hashIn(text: string): string {
  return (JSON.parse(text) as { tile_hash: string }).tile_hash;
}
