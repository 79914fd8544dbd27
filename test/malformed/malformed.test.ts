// Malformed requests without end, from a seed, over PLATO, /v1, fleets and the router's port: none is a fault of the
// server, none is taken, and afterwards everything stands as before.
// HOLODECK_LONG=1 sends a hundred thousand; HOLODECK_SEED=… repeats a run.
import { afterEach, beforeEach, expect, test } from "vitest";
import { World } from "../attacks/world.ts";
import { newSeed, randomFrom } from "../crash/random.ts";
import { malformedFrom, type Malformed } from "./corruptions.ts";
import { RawClient } from "./raw-client.ts";
import { SOUND, type Sound } from "./sound-requests.ts";

const COUNT = process.env["HOLODECK_LONG"] === "1" ? 100_000 : 20_000;
const AT_ONCE = 16;
const SEED = Number(process.env["HOLODECK_SEED"] ?? newSeed());

let world: World;

beforeEach(async () => {
  world = await World.open();
  const post = async (path: string, body: object, port: Sound["port"] = "main") =>
    await world.call(path, { body }, port);
  await post("/submit", { domain: "hall", question: "what is it?", answer: "twenty characters, a few" });
  await post("/v1/sessions", { session_id: "sess_a", session_name: "s", agent_id: "a" });
  for (const task_id of ["waiting", "running"]) await post("/v1/sessions/sess_a/tasks", { task_id });
  await post("/v1/sessions/sess_a/tasks/running/start", {});
  for (const agent_id of ["agent", "other"]) await post("/register/agent", { agent_id }, "router");
  await post("/v1/fleet/edges", { a: "agent", b: "other", kind: "delegation" }, "router");
  await post("/route", { task_id: "task" }, "router");
});

afterEach(async () => await world.close());

/** What is wrong with how it was answered; null when nothing is. */
function faultOf({ isRead, what }: Malformed, status: number): string | null {
  // A connection may be closed without a word over what is no HTTP; a read may be answered.
  const isFine = status === 0 || (status >= (isRead ? 200 : 400) && status < 500);
  return isFine ? null : `${what} was answered with ${status}`;
}

test(`${COUNT} malformed requests change nothing`, { timeout: 600_000 }, async () => {
  const before = await world.state();
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  const sendSome = async (): Promise<void> => {
    const clients = {
      main: new RawClient(world.portOf("main")),
      router: new RawClient(world.portOf("router")),
    };
    while (sent < COUNT) {
      const index = sent++;
      const request = malformedFrom(randomFrom(SEED + index), SOUND);
      const status = await clients[request.port].send(request.bytes);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const fault = faultOf(request, status);
      if (fault !== null) faults.push(`HOLODECK_SEED=${SEED}, request ${index}: ${fault}`);
    }
    for (const client of Object.values(clients)) client.close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
  expect(faults.slice(0, 20)).toEqual([]);
  expect(await world.state(), `HOLODECK_SEED=${SEED}`).toBe(before);
  // It was not one door alone that turned all away.
  for (const status of [400, 403, 404, 415, 421, 431])
    expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(0);
  // Closing without a word is for what is no HTTP.
  expect((statuses.get(0) ?? 0) / COUNT).toBeLessThan(0.05);
});

test("what is malformed is so by what was done to it: the sound requests are taken", async () => {
  const before = await world.state();
  const statuses: number[] = [];
  for (const { port, method, path, body } of SOUND)
    statuses.push((await world.call(path, { method, ...(body !== null && { body }) }, port)).status);
  // But for a live stream that would not end, hashes that there are not, the same tile again, and what an earlier request has ended.
  expect(statuses.filter((status) => ![200, 201, 400, 403, 404, 409].includes(status))).toEqual([]);
  expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(SOUND.length * 0.7);
  expect(await world.state()).not.toBe(before);
});
