import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";
import { AGENTS_LABELLED_MAX } from "./fleet-metrics.ts";

test("the metrics have the names dashboards know", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "a c", "a d", "b c", "b d", "c d");
  await router.post("/route", { task_id: "t", prefer_agents: ["a"] });
  await router.post("/route", { task_id: "u", required_capabilities: ["x"] });
  await router.post("/route", { task_id: "" });
  await router.post("/route?fleet=other", { task_id: "v" });
  const { text, type } = await router.get("/metrics");
  expect(type).toMatch(/^text\/plain/);
  for (const line of [
    'fleet_h1_router_h1_dimension{state="current"} 3',
    'fleet_h1_router_h1_dimension{state="threshold"} 4',
    "fleet_h1_router_emergence_alerts_total 1",
    'fleet_h1_router_routing_decisions_total{agent_id="a",outcome="routed"} 1',
    'fleet_h1_router_routing_decisions_total{agent_id="b",outcome="fallback"} 1',
    'fleet_h1_router_routing_decisions_total{agent_id="",outcome="refused"} 1',
    'fleet_h1_router_routing_decisions_total{agent_id="",outcome="nobody"} 1',
    'fleet_h1_router_emergence_risk{agent_id="a"} 0',
    "fleet_h1_router_route_duration_seconds_count 4",
    'fleet_h1_router_vertices{kind="agent"} 4',
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).toMatch(/^fleet_h1_router_forest_depth_average \d/m);
  expect(text).toMatch(/^fleet_h1_router_forest_scans \d/m);
});

test("agents beyond a hundred share a series", async () => {
  const router = new RouterCaller();
  const ids = Array.from({ length: AGENTS_LABELLED_MAX + 5 }, (_, number) => `agent${number}`);
  await router.agents(...ids);
  for (const id of ids) await router.post("/route", { task_id: `t-${id}`, prefer_agents: [id] });
  const { text } = await router.get("/metrics");
  expect(text.match(/^fleet_h1_router_routing_decisions_total/gm)).toHaveLength(AGENTS_LABELLED_MAX + 1);
  expect(text).toContain('fleet_h1_router_routing_decisions_total{agent_id="other",outcome="routed"} 5\n');
});
