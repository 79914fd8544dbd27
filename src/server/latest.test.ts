import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Latest } from "./latest.ts";

function counted() {
  let readings = 0;
  const latest = new Latest(async () => await Promise.resolve(void readings++));
  return { latest, readings: () => readings };
}

test("who asks in one turn of the event loop shares one reading, however many microtasks lie between", async () => {
  const { latest, readings } = counted();
  const first = latest.get();
  for (let count = 0; count < 20; count++) await Promise.resolve();
  await Promise.all([first, latest.get()]);
  expect(readings()).toBe(1);
});

test("who asks after a reading began is given what the next one finds", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let value = "old";
  let seen = "";
  const latest = new Latest(async () => {
    const read = value;
    begun.resolve();
    await held.promise;
    seen = read;
  });
  const early = latest.get();
  await begun.promise;
  value = "new";
  const late = latest.get();
  held.resolve();
  await early;
  expect(seen).toBe("old");
  await late;
  expect(seen).toBe("new");
});

test("a reading that fails is told to those who shared it alone", async () => {
  let fails = true;
  const latest = new Latest(async () => {
    await turn();
    if (fails) throw new Error("away");
  });
  await expect(latest.get()).rejects.toThrow("away");
  fails = false;
  await latest.get();
});
