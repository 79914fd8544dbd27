import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";
import { FleetReports } from "./fleet-reports.ts";

const K4 = ["a b", "a c", "a d", "b c", "b d", "c d"];

test("what walks the whole graph is said once for each state of a fleet, and anew after each event", async () => {
  const router = new RouterCaller();
  const { fleets } = router.router;
  await router.agents("a", "b", "c", "d");
  await router.ties(...K4.slice(1));
  const reports = new FleetReports(() => 0);
  const rigidity = reports.rigidity(await fleets.now("default"));
  expect(reports.rigidity(await fleets.now("default"))).toBe(rigidity);
  expect(reports.plain(await fleets.now("default"))).toBe(reports.plain(await fleets.now("default")));
  await router.ties("a b");
  expect(reports.rigidity(await fleets.now("default"))).not.toBe(rigidity);
  // A router that has read the same events apart has a state of its own.
  const { fleets: others } = new RouterCaller({ beside: router }).router;
  expect(reports.rigidity(await others.now("default"))).not.toBe(
    reports.rigidity(await fleets.now("default")),
  );
});

test("a description that takes long is shown for ten times as long, the numbers beside it never", async () => {
  const router = new RouterCaller();
  const { fleets } = router.router;
  await router.agents("a", "b", "c", "d");
  await router.ties(...K4);
  let now = 0;
  // Each look at this clock takes 100 ms: so does a description.
  const reports = new FleetReports(() => (now += 100));
  const status = async () => reports.status(await fleets.now("default"));
  expect(await status()).toMatchObject({ description: "over-constrained", n_vertices: 4 });
  await router.agents("e");
  expect(await status()).toMatchObject({ description: "over-constrained", n_vertices: 5, margin: 0 });
  now += 1_000;
  expect(await status()).toMatchObject({ description: "mixed", n_vertices: 5 });
});
