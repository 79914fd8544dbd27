// Who sends slowly, or nothing, or does not read: cut after a while, and all others are served meanwhile.
import { spawn } from "node:child_process";
import { get } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EncodedEvent } from "../../src/event/event.ts";
import { streamId } from "../../src/event/event.ts";
import { lastOf, testItem } from "../../src/testing/events.ts";
import { settled } from "../../src/testing/test-clock.ts";
import { openStream, type LiveStream } from "../live-stream.ts";
import { openRaw, statusIn } from "../raw-http.ts";
import { World, WRITES } from "./world.ts";

const QUICK = { requestMs: 400, idleMs: 1_000, closeMs: 300 };

/** Sends a head, then drop after drop; answers all that came until it was cut. */
async function drip(port: number, head: string, drop: string): Promise<string> {
  const { socket, ended } = openRaw(port);
  socket.write(head);
  const dripping = setInterval(() => socket.writable && socket.write(drop), 50);
  const text = await ended;
  clearInterval(dripping);
  return text;
}

test("slow headers and body", async () => {
  const world = await World.open({ limits: QUICK });
  const before = await world.state();
  const slow = WRITES.flatMap(({ port, path }) => {
    const at = world.portOf(port);
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n`;
    const type = "Content-Type: application/json\r\n";
    return [
      drip(at, head, "X: y\r\n"),
      drip(at, `${head}${type}Content-Length: 100000\r\n\r\n`, " "),
      drip(at, `${head}${type}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
      drip(at, "", "P"),
    ];
  });
  // Others are answered while all of those hang.
  expect((await world.call("/health")).status).toBe(200);
  for (const text of await Promise.all(slow)) expect([0, 400, 408]).toContain(statusIn(text));
  expect(await world.state()).toBe(before);
  await world.close();
});

const SOCKETS = 10_000;

test("10,000 idle sockets", { timeout: 120_000 }, async () => {
  // With the limits it has unless told otherwise, and a process of its own that holds what it is left.
  const world = await World.open();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "idle-sockets.ts"), String(SOCKETS), String(world.server.port)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let opened = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (opened += text));
  const gone = new Promise((resolve) => void child.once("close", resolve));
  let answered = 0;
  while (!opened.includes("\n")) {
    expect(await freshHealth(world.server.port)).toBe(200);
    answered++;
  }
  expect(JSON.parse(opened)).toEqual({ opened: SOCKETS });
  // Now that all are there, too; and a stream is told of what happens.
  const stream = await openStream(world.server.port);
  expect(await freshHealth(world.server.port)).toBe(200);
  await stream.until(({ retry }) => retry !== null);
  stream.close();
  expect(answered).toBeGreaterThan(0);
  child.kill();
  await gone;
  await world.close();
});

/** On a connection of its own: one that was open before might have been cut to make room. */
async function freshHealth(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path: "/health", agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject);
  });
}

const SESSION = streamId("session", "sess_1");
const COUNT = 1_000;

test("a stream reader that never reads", async () => {
  const world = await World.open();
  let last: EncodedEvent | undefined;
  const append = async (n: number): Promise<void> => {
    // A thousand of them are more than all that stands between two processes.
    const item = testItem({
      stream: SESSION,
      after: last,
      facts: [{ data: { n, text: "x".repeat(30_000) } }],
    });
    await world.store.append([item]);
    last = lastOf(item);
  };
  const deaf = await openStream(world.server.port);
  await deaf.until(({ retry }) => retry !== null);
  await settled();
  deaf.response.pause();
  const other = await openStream(world.server.port);
  await other.until(({ retry }) => retry !== null);
  await settled();
  for (let n = 0; n < COUNT; n++) await append(n);
  await other.take(COUNT);
  await world.clock.advance(11_000);
  await world.clock.advance(2_000);
  deaf.response.resume();
  await deaf.ended;
  const got = numbers(deaf);
  expect(got.length).toBeLessThan(COUNT * 0.7);
  // It was cut, and goes on from its id without a gap.
  const again = await openStream(world.server.port, "", { "last-event-id": deaf.lastId! });
  await again.take(COUNT - got.length);
  expect([...got, ...numbers(again)]).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(numbers(other)).toHaveLength(COUNT);
  other.close();
  again.close();
  await world.close();
});

function numbers(stream: LiveStream): readonly unknown[] {
  return stream.sent
    .filter(({ event }) => event !== "bye")
    .map(({ data }) => (data["data"] as { n?: number }).n);
}
