import { expect, test } from "vitest";
import { FleetRun } from "./fleet-run.ts";
import { FleetImage } from "./fleet-image.ts";

test("taking looks at no more vertices than it gives rows", () => {
  const run = new FleetRun();
  for (let number = 0; number < 1000; number++) run.agents(`a${number}`);
  const image = new FleetImage(run.state);
  const read = run.state.selection.capabilities.bind(run.state.selection);
  let looked = 0;
  run.state.selection.capabilities = (id) => {
    looked++;
    return read(id);
  };
  expect(image.take(10)).toHaveLength(10);
  expect(looked).toBeLessThanOrEqual(10);
});

test("a reset spoils an image, and a second image ends the first", () => {
  const run = new FleetRun();
  run.agents("a");
  const first = new FleetImage(run.state);
  const second = new FleetImage(run.state);
  expect(first.take(9)).toBeNull();
  expect(second.take(1)).toHaveLength(1);
  run.give({ type: "reset" });
  expect(second.take(9)).toBeNull();
  expect(run.state.image).toBeNull();
});

test("an agent with many tasks is set aside at the price of itself, not of its tasks", () => {
  const run = new FleetRun();
  run.agents("hub");
  for (let task = 0; task < 500; task++) run.route(`t${task}`);
  const image = new FleetImage(run.state);
  run.route("one-more");
  const rows = image.take(5) ?? [];
  expect(rows.map(([kind]) => kind)).toEqual(["fleet", "h1", "capabilities", "agent", "task"]);
});
