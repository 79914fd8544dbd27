import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";
import { FleetReports } from "./fleet-reports.ts";

const K4 = ["a b", "a c", "a d", "b c", "b d", "c d"];

test("what walks the whole graph is said once for each state of a fleet, and anew after each event", async () => {
  const router = new RouterCaller();
  const { fleets } = router.router;
  await router.agents("a", "b", "c", "d");
  await router.ties(...K4.slice(1));
  const reports = new FleetReports();
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
