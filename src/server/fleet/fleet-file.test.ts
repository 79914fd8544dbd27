import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";
import { loadFleetFile, parseFleetFile } from "./fleet-file.ts";

const FILE = `
router:
  emergence_threshold_offset: -3
  min_confidence: 0.4
  lookahead_steps: 3
agents:
  - id: oracle1
    capabilities: [coordination, plato]
  - id: ccc
    capacity: 2
    heartbeat_seconds: 30
tasks:
  - id: plato-sync
    required_capabilities: [plato]
plato:
  url: http://localhost:8848
  alert_room: gc/research/alerts
`;

test("a file of routers in the field says how the fleet is run and who is in it", async () => {
  const file = parseFleetFile(FILE, "fleet.yaml");
  expect(file.settings).toEqual({
    offset: -3,
    min_confidence: 0.4,
    plato_url: "http://localhost:8848",
    room: "gc/research/alerts",
  });
  const router = new RouterCaller({ settings: file.settings });
  await loadFleetFile(router.router.fleets, file);
  expect((await router.get("/v1/fleet/agents")).body.agents).toMatchObject([
    { agent_id: "oracle1", capabilities: ["coordination", "plato"], capacity: null, heartbeat_seconds: null },
    { agent_id: "ccc", capabilities: [], capacity: 2, heartbeat_seconds: 30 },
  ]);
  expect((await router.post("/route", { task_id: "plato-sync" })).body.agent_id).toBe("oracle1");
  expect((await router.get("/v1/fleet")).body.settings).toMatchObject({
    offset: -3,
    room: "gc/research/alerts",
  });
});

test("loading a file again changes nothing, and brings back no task that was completed", async () => {
  const router = new RouterCaller();
  const file = parseFleetFile(FILE, "fleet.yaml");
  await loadFleetFile(router.router.fleets, file);
  await router.post("/complete", { task_id: "plato-sync" });
  const { seq } = (await router.get("/v1/fleet")).body;
  await loadFleetFile(router.router.fleets, file);
  expect((await router.get("/v1/fleet")).body).toMatchObject({ seq, n_tasks: 0, n_agents: 2 });
  const other = parseFleetFile("agents: [{id: ccc, capabilities: [x]}]", "fleet.yaml");
  await loadFleetFile(router.router.fleets, other);
  expect((await router.get("/agents")).body[1]).toEqual({ agent_id: "ccc", capabilities: ["x"], n_tasks: 0 });
});

test("a file that says what is no fleet is refused, with the place of each fault", () => {
  expect(parseFleetFile("", "f")).toEqual({ fleet: "default", settings: {}, agents: [], tasks: [] });
  for (const [text, what] of [
    ["agents: 5", /agents: /],
    ["agents: [{id: a}, {name: b}]", /agents\[1\]/],
    ["router: {emergence_threshold_offset: 1.5}", /router\.emergence_threshold_offset/],
    ["router: {min_confidence: 2}", /router\.min_confidence/],
    ["plato: {url: 'file:///etc'}", /plato\.url/],
    ["plato: {alert_room: ../up}", /plato\.alert_room/],
    ["agent: []", /agent/],
    ["a: [", /./],
    ["- a", /./],
    ["x: !t y", /./],
  ] as const)
    expect(() => parseFleetFile(text, "f.yaml")).toThrow(what);
});

test("the file that the documentation shows is one", () => {
  const page = readFileSync(new URL("../../../docs/fleet.md", import.meta.url), "utf8");
  const [, shown = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  expect(parseFleetFile(shown, "fleet.yaml")).toMatchObject({
    settings: { offset: -2, room: "gc/research/h1-routing-experiment" },
    agents: [{ id: "oracle1", capacity: 4, heartbeat_seconds: 60 }],
    tasks: [{ id: "plato-sync" }],
  });
});
