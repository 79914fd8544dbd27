import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boundConnections } from "./connections.ts";

let server: Server;
let answer: (() => void)[];

/** Requests are answered when the test says so. */
beforeEach(async () => {
  answer = [];
  server = createServer((_, outgoing) => void answer.push(() => outgoing.end("here")));
  boundConnections(server, 2);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function port(): number {
  return (server.address() as AddressInfo).port;
}

/** A connection that says nothing, once the server has it. */
async function open(): Promise<{ socket: Socket; closed: Promise<void> }> {
  const taken = new Promise<void>((resolve) => void server.once("connection", () => resolve()));
  const socket = connect(port(), "127.0.0.1");
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  await taken;
  return { socket, closed };
}

/** A request that the server has, and its answer. */
async function ask(): Promise<{ text: Promise<string> }> {
  const asked = new Promise<void>((resolve) => void server.once("request", () => resolve()));
  const text = new Promise<string>((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port: port(), agent: false }, (response: IncomingMessage) => {
      let all = "";
      response.on("data", (chunk: Buffer) => (all += chunk.toString()));
      response.on("end", () => resolve(all));
    });
    request.on("error", reject);
  });
  // Whoever is cut is so before anyone waits for the answer.
  text.catch(() => undefined);
  await Promise.race([asked, text.catch(() => "")]);
  return { text };
}

test("who comes to a full server takes the place of who has waited longest", async () => {
  const first = await open();
  const second = await open();
  const third = await open();
  await first.closed;
  expect([second.socket.destroyed, third.socket.destroyed]).toEqual([false, false]);
  const { text } = await ask();
  await second.closed;
  answer[0]?.();
  expect(await text).toBe("here");
  expect(third.socket.destroyed).toBe(false);
  third.socket.destroy();
});

test("who is being answered is not cut: where all are, the newest is", async () => {
  const one = await ask();
  const other = await ask();
  const late = await open();
  await late.closed;
  for (const give of answer) give();
  expect(await Promise.all([one.text, other.text])).toEqual(["here", "here"]);
});
