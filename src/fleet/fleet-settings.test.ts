import { expect, test } from "vitest";
import { isRefusal } from "../event/decider.ts";
import { FleetRun } from "./fleet-run.ts";
import { fleetSnapshot } from "./fleet-snapshot.ts";
import { SAMPLES_MAX } from "./h1-history.ts";
import { createFleet } from "./router.ts";

test("what a fleet is configured with counts more than what a process was started with", () => {
  const run = new FleetRun();
  run.agents("a", "b", "c");
  run.ties("delegation", "a b", "b c");
  expect(run.give({ type: "configure", offset: -3, room: "hall" })).toMatchObject([
    { data: { offset: -3, room: "hall", plato_url: null, deliver_tiles: false, min_confidence: 0.5 } },
  ]);
  run.ties("delegation", "a c");
  expect(run.crossings()).toMatchObject([{ direction: "up", v_threshold: 0, h1_dimension: 1 }]);
  // A process with other options of its own sees nothing to report.
  const moment = { now: run.now, boot: { id: "", offsetMs: 0 } };
  expect(createFleet({ offset: 5 }).settle(run.state, moment)).toBeNull();
  expect(run.give({ type: "configure", offset: -3 })).toEqual([]);
  run.give({ type: "configure", offset: 0, min_confidence: 0.1 });
  expect(run.crossings()).toMatchObject([{ direction: "up" }, { direction: "down", crossing: 1 }]);
  expect(run.route("t", { required_capabilities: ["x"] })).toMatchObject({ confidence: 0.1 });
});

test("settings out of their limits are refused", () => {
  const run = new FleetRun();
  for (const asked of [{ offset: 0.5 }, { offset: Number.NaN }, { min_confidence: 2 }, { room: "" }])
    expect(isRefusal(run.give({ type: "configure", ...asked }))).toBe(true);
});

test("the newest changes of β₁ are kept, and stand with the settings in a snapshot", () => {
  const run = new FleetRun();
  run.agents("a", "b", "c");
  run.ties("delegation", "a b", "b c");
  for (let round = 0; round < SAMPLES_MAX; round++) {
    run.ties("delegation", "a c");
    run.give({ type: "remove_edge", a: "a", b: "c", kind: "delegation" });
  }
  run.give({ type: "configure", offset: -2 });
  const samples = run.state.history.samples();
  expect(samples).toHaveLength(SAMPLES_MAX);
  expect(samples.at(-2)).toMatchObject({ h1_dimension: 1, n_vertices: 3, n_edges: 3, n_components: 1 });
  expect(samples.at(-1)).toMatchObject({ h1_dimension: 0, n_edges: 2 });
  expect(samples.map(({ seq }) => seq)).toEqual(samples.map(({ seq }) => seq).toSorted((a, b) => a - b));
  const again = fleetSnapshot.load(JSON.parse(JSON.stringify(fleetSnapshot.save(run.state))));
  expect(again.history.samples()).toEqual(samples);
  expect(again.settings).toEqual(run.state.settings);
});
