import * as fc from "fast-check";
import { expect, test } from "vitest";
import { REQUIREMENTS_KEPT, Selection } from "./selection.ts";

const CAPABILITIES = ["a", "b", "c", "d"] as const;

/** The naive twin: a list that is scanned. */
interface Plain {
  readonly id: string;
  capabilities: readonly string[];
  capacity: number | null;
  load: number;
}

function byLoad(one: Plain, other: Plain): number {
  return one.load - other.load || (one.id < other.id ? -1 : 1);
}

function open(agents: Iterable<Plain>): Plain[] {
  return [...agents].filter(({ capacity, load }) => capacity === null || load < capacity).sort(byLoad);
}

function matches(agent: Plain, required: readonly string[]): number {
  return new Set(required.filter((capability) => agent.capabilities.includes(capability))).size;
}

const someCapabilities = fc.array(fc.constantFrom(...CAPABILITIES), { maxLength: 5 });
const someId = fc.nat(14).map((number) => `agent-${number}`);
const step = fc.oneof(
  fc.record({
    type: fc.constant("register" as const),
    id: someId,
    capabilities: someCapabilities,
    capacity: fc.option(fc.nat(3)),
  }),
  fc.record({ type: fc.constant("load" as const), id: someId, load: fc.nat(4) }),
  fc.record({ type: fc.constant("remove" as const), id: someId }),
  fc.record({ type: fc.constant("ask" as const), required: someCapabilities }),
);

test("a choice, its order and its fallback equal a full scan after any changes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const selection = new Selection();
      const plain = new Map<string, Plain>();
      for (const change of steps) {
        if (change.type === "register") {
          const load = plain.get(change.id)?.load ?? 0;
          plain.set(change.id, { ...change, load });
          selection.register(change.id, change.capabilities, change.capacity);
        } else if (change.type === "ask") {
          compare(selection, plain, change.required);
        } else if (plain.has(change.id)) {
          if (change.type === "load") {
            plain.get(change.id)!.load = change.load;
            selection.setLoad(change.id, change.load);
          } else {
            plain.delete(change.id);
            selection.remove(change.id);
          }
        }
      }
      for (const required of [[], ["a"], ["b", "a"], ["c", "d", "c"]]) compare(selection, plain, required);
    }),
    { numRuns: 500 },
  );
});

test("agents restored all at once are chosen as a full scan would, and go on so", () => {
  const agent = fc.record({
    id: someId,
    capabilities: someCapabilities,
    capacity: fc.option(fc.nat(3)),
    load: fc.nat(4),
  });
  const some = fc.uniqueArray(agent, { selector: ({ id }) => id, maxLength: 15 });
  fc.assert(
    fc.property(some, fc.nat(14), fc.nat(4), (agents, place, load) => {
      const selection = new Selection();
      const plain = new Map(agents.map((one) => [one.id, { ...one }]));
      const loads: number[] = [];
      for (const one of agents) {
        const set = selection.setOf(one.capabilities);
        loads[selection.restore(one.id, set, one.capacity)] = one.load;
      }
      for (const _ of selection.fill((number) => loads[number] ?? 0));
      for (const required of [[], ["a"], ["b", "a"]]) compare(selection, plain, required);
      const changed = plain.get(`agent-${place}`);
      if (changed === undefined) return;
      changed.load = load;
      selection.setLoad(changed.id, load);
      for (const required of [[], ["a"], ["b", "a"]]) compare(selection, plain, required);
    }),
  );
});

function compare(selection: Selection, plain: Map<string, Plain>, required: readonly string[]): void {
  const wanted = new Set(required).size;
  const scanned = open(plain.values());
  const capable = scanned.filter((agent) => matches(agent, required) === wanted).map(({ id }) => id);
  expect(selection.best(required)).toBe(capable[0] ?? null);
  expect([...selection.inOrder(required)]).toEqual(capable);
  const nearest = scanned.sort(
    (one, other) => matches(other, required) - matches(one, required) || byLoad(one, other),
  );
  expect([...selection.nearest(required)]).toEqual(nearest.map(({ id }) => id));
  const known = [...plain.values()].some((agent) => matches(agent, required) === wanted);
  expect(selection.isKnown(required)).toBe(known);
  for (const agent of plain.values()) {
    expect(selection.matches(agent.id, required)).toBe(matches(agent, required));
  }
}

test("an agent registered again has its new capabilities and its old load", () => {
  const selection = new Selection();
  selection.register("x", ["a"], null);
  selection.setLoad("x", 3);
  selection.register("x", ["b"], 4);
  expect([selection.best(["a"]), selection.best(["b"]), selection.load("x")]).toEqual([null, "x", 3]);
});

test("a full agent is out until it has room, and is still known", () => {
  const selection = new Selection();
  selection.register("x", ["a"], 1);
  selection.setLoad("x", 1);
  expect([selection.best(["a"]), selection.isKnown(["a"]), selection.hasRoom("x")]).toEqual([
    null,
    true,
    false,
  ]);
  selection.setLoad("x", 0);
  expect(selection.best(["a"])).toBe("x");
});

test("a requirement that was dropped from the cache is answered anew", () => {
  const selection = new Selection();
  selection.register("x", ["a"], null);
  expect(selection.best(["a"])).toBe("x");
  for (let number = 0; number <= REQUIREMENTS_KEPT; number++) selection.best([`other-${number}`]);
  selection.register("w", ["a"], null);
  expect(selection.best(["a"])).toBe("w");
});

test("an unknown agent is an error that names it", () => {
  expect(() => new Selection().setLoad("nobody", 1)).toThrow(/no agent "nobody"/);
});
