// `PlatoTileEmitter` as spec/holodeck-session-manager.txt uses it, against a real server.
import { afterEach, expect, test } from "vitest";
import { closeAll, server, until, world } from "../../test/outbox-world.ts";
import type { TestPlato } from "../testing/test-plato.ts";
import { PlatoSink } from "./plato-sink.ts";
import { TileEmitter } from "./tile-emitter.ts";

const ROOM = "gc/research/scout-reports/holodeck-session";

afterEach(closeAll);

test("the specification's example posts the tiles the session would, and calling twice doubles none", async () => {
  const plato = await server();
  const { manager, clock } = world({ h1RouterEnabled: true, scoutRoom: ROOM });
  const emitter = emitterTo(plato, clock);
  const session = await manager.startSession();
  for (let twice = 0; twice < 2; twice++) await emitter.emitSessionStart(session);
  const decision = await manager.routeTaskH1("analyze", ["research"]);
  for (let twice = 0; twice < 2; twice++) await emitter.emitTaskStart(session.sessionId, "analyze", decision);
  await session.completeTask("analyze", "success", { durationMs: 234, result: { found: 5 } });
  for (let twice = 0; twice < 2; twice++) await emitter.emitTaskEnd(session.sessionId, "analyze", "success");
  await session.endSession("success");
  await emitter.emitSessionEnd(session, "success");
  expect(plato.tiles.map(({ tile }) => tile)).toEqual(JSON.parse(JSON.stringify(await session.tiles())));
  expect(plato.submissions).toHaveLength(7);
  emitter.close();
});

test("a session that sends its own tiles to the same room is left to that", async () => {
  const plato = await server();
  const { manager, clock } = world({ platoUrl: plato.url, scoutRoom: ROOM });
  const emitter = emitterTo(plato, clock);
  const session = await manager.startSession();
  await emitter.emitSessionStart(session);
  await session.completeTask("t", "success").catch(() => undefined);
  await emitter.emitTaskStart(session.sessionId, "t");
  await session.endSession("success");
  await emitter.emitSessionEnd(session, "success");
  await until(() => plato.tiles.length === 2);
  expect(plato.submissions).toHaveLength(2);
  emitter.close();
});

test("an error of a session it knows nothing of is posted, and a refusal is thrown with its reason", async () => {
  const plato = await server();
  const { clock } = world({});
  const emitter = emitterTo(plato, clock);
  await emitter.emitSessionError("sess_elsewhere", new Error("boom"));
  expect(plato.tiles[0]?.tile).toMatchObject({
    domain: ROOM,
    answer: { session_id: "sess_elsewhere", error: "boom" },
  });
  plato.script = () => ({ status: 400, reason: "not this one" });
  const refused = emitter.emitTaskEnd("sess_elsewhere", "t", "failed");
  await expect(refused).rejects.toMatchObject({
    code: "tile_refused",
    what: expect.stringContaining("not this one") as string,
  });
  emitter.close();
});

test("a server that stays away is said to be, after a few tries", async () => {
  const plato = await server();
  await plato.stop();
  const { clock } = world({});
  const emitter = emitterTo(plato, clock);
  let outcome: unknown = null;
  emitter.emitSessionError("sess_1", "boom").catch((error: unknown) => (outcome = error));
  await until(() => outcome !== null, clock);
  expect(outcome).toMatchObject({ code: "server_unreachable" });
  emitter.close();
});

function emitterTo(
  { url }: TestPlato,
  clock: ConstructorParameters<typeof PlatoSink>[0]["clock"],
): TileEmitter {
  const sink = new PlatoSink({ url, clock });
  return new TileEmitter({ platoUrl: url, scoutRoom: ROOM, sink, clock, random: () => 0.5 });
}
