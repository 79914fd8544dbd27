// The cases of spec/fleet-math.md, each through the HTTP service.
import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";

interface GraphCase {
  readonly name: string;
  readonly agents: readonly string[];
  readonly ties: readonly string[];
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly rigidity?: Readonly<Record<string, unknown>>;
  /** Upward crossings there have been. */
  readonly crossings: number;
  /** Components that are over the line on their own. */
  readonly flagged?: number;
}

const K4 = complete(["a", "b", "c", "d"]);
const TAIL = ["d", ...numbered("t", 20)];

const CASES: readonly GraphCase[] = [
  {
    name: "1: an empty fleet",
    agents: [],
    ties: [],
    snapshot: { n_vertices: 0, h1_dimension: 0, emergence: false, description: "empty" },
    crossings: 0,
  },
  {
    name: "1: one agent",
    agents: ["a"],
    ties: [],
    snapshot: { n_vertices: 1, n_components: 1, h1_dimension: 0, emergence: false, description: "empty" },
    crossings: 0,
  },
  {
    name: "3: a triangle",
    agents: ["a", "b", "c"],
    ties: complete(["a", "b", "c"]),
    snapshot: { h1_dimension: 1, laman_margin: 0, laman_rigid: true, description: "rigid", emergence: false },
    rigidity: { redundant: 0, freedoms: 0, exact: true },
    crossings: 0,
  },
  {
    name: "4: a ring of four",
    agents: ["a", "b", "c", "d"],
    ties: ["a b", "b c", "c d", "d a"],
    snapshot: { h1_dimension: 1, laman_margin: -1, description: "under-constrained", emergence: false },
    rigidity: { redundant: 0, freedoms: 1 },
    crossings: 0,
  },
  {
    name: "5: K₄",
    agents: ["a", "b", "c", "d"],
    ties: K4,
    snapshot: { h1_dimension: 3, laman_margin: 1, emergence: true, description: "over-constrained" },
    rigidity: { redundant: 1, freedoms: 0 },
    crossings: 1,
    flagged: 1,
  },
  {
    name: "6: K₃,₃",
    agents: ["a", "b", "c", "p", "q", "r"],
    ties: between(["a", "b", "c"], ["p", "q", "r"]),
    snapshot: { h1_dimension: 4, laman_margin: 0, emergence: false, description: "rigid", laman_rigid: true },
    rigidity: { redundant: 0, freedoms: 0 },
    crossings: 0,
  },
  {
    name: "7: K₃,₄",
    agents: ["a", "b", "c", "p", "q", "r", "s"],
    ties: between(["a", "b", "c"], ["p", "q", "r", "s"]),
    snapshot: { h1_dimension: 6, laman_margin: 1, emergence: true, description: "over-constrained" },
    rigidity: { redundant: 1, freedoms: 0 },
    crossings: 1,
    flagged: 1,
  },
  {
    name: "8: two K₄ apart",
    agents: ["a", "b", "c", "d", "p", "q", "r", "s"],
    ties: [...K4, ...complete(["p", "q", "r", "s"])],
    snapshot: { n_vertices: 8, n_edges: 12, n_components: 2, h1_dimension: 6, emergence: false },
    rigidity: { redundant: 2 },
    crossings: 0,
    flagged: 2,
  },
  {
    name: "9: K₄ with a tail of 20",
    agents: ["a", "b", "c", ...TAIL],
    ties: [...K4, ...TAIL.slice(1).map((id, place) => `${TAIL[place]} ${id}`)],
    snapshot: {
      n_vertices: 24,
      n_edges: 26,
      h1_dimension: 3,
      laman_margin: -19,
      emergence: false,
      description: "mixed",
    },
    rigidity: { redundant: 1, freedoms: 20 },
    crossings: 0,
  },
];

test.for(CASES)("case $name", async ({ agents, ties, snapshot, rigidity = {}, crossings, flagged = 0 }) => {
  const router = new RouterCaller();
  await router.agents(...agents);
  await router.ties(...ties);
  expect((await router.get("/h1-snapshot")).body).toMatchObject({
    threshold: agents.length - 2,
    ...snapshot,
  });
  const { body: status } = await router.get("/status");
  expect([status.h1_dimension, status.emergence_detected]).toEqual([
    snapshot["h1_dimension"],
    snapshot["emergence"],
  ]);
  expect((await router.get("/v1/fleet/rigidity")).body.whole).toMatchObject(rigidity);
  expect((await router.get("/v1/fleet")).body.crossings).toBe(crossings);
  const { body } = await router.get("/v1/fleet/components?emergent=true");
  expect(body.components).toHaveLength(flagged);
  const { body: loops } = await router.get("/v1/fleet/cycles");
  expect(loops.cycles).toHaveLength(status.h1_dimension);
});

test("case 2: two agents with a task each", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b");
  await router.post("/route", { task_id: "s" });
  await router.post("/route", { task_id: "t" });
  expect((await router.get("/h1-snapshot")).body).toMatchObject({
    n_vertices: 4,
    n_edges: 2,
    n_components: 2,
    h1_dimension: 0,
    emergence: false,
  });
});

test.for([
  { components: 1, ties: ["a b", "b c"], delta: 2 },
  { components: 2, ties: ["a b"], delta: 1 },
  { components: 3, ties: [], delta: 0 },
])("case 10: a fresh task to 3 agents in $components components", async ({ ties, delta }) => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c");
  await router.ties(...ties);
  const { body } = await router.post("/route", { task_id: "t", agents_needed: 3 });
  expect(body.h1_after - body.h1_before).toBe(delta);
  expect((await router.get("/status")).body).toMatchObject({ n_edges: ties.length + 3, h1_dimension: delta });
});

test("case 11: a ring of 100,000 opens, falls apart and closes again", { timeout: 120_000 }, async () => {
  const router = new RouterCaller();
  const { fleets } = router.router;
  const ids = numbered("v", 100_000);
  // What comes before the case is given to the service without a request for each.
  await Promise.all(
    ids.map(async (agent_id) => await fleets.execute("default", { type: "register_agent", agent_id })),
  );
  await Promise.all(
    ids.map(async (_, turn) => {
      // In no order along the ring: 61,803 and 100,000 have no common factor.
      const place = (turn * 61_803) % ids.length;
      const a = ids[place] ?? "";
      const b = ids[(place + 1) % ids.length] ?? "";
      return await fleets.execute("default", { type: "add_edge", a, b, kind: "delegation" });
    }),
  );
  const seen: unknown[] = [];
  const look = async (): Promise<void> => {
    const { h1_dimension, n_components } = (await router.get("/status")).body;
    seen.push([h1_dimension, n_components]);
  };
  const [one, other] = [
    { a: "v10", b: "v11", kind: "delegation" },
    { a: "v60000", b: "v60001", kind: "delegation" },
  ];
  await look();
  await router.send("DELETE", "/v1/fleet/edges", one);
  await look();
  await router.send("DELETE", "/v1/fleet/edges", other);
  await look();
  await router.post("/v1/fleet/edges", one);
  await router.post("/v1/fleet/edges", other);
  await look();
  expect(seen).toEqual([
    [1, 1],
    [0, 1],
    [0, 2],
    [1, 1],
  ]);
});

test("case 12: looking ahead saves the loop that routing one by one closes", async () => {
  const greedy = await slots();
  let total = 0;
  for (const task_id of ["A", "B"]) {
    const { body } = await greedy.post("/route", { task_id });
    expect(body.agent_id).toBe("x");
    total += body.h1_after - body.h1_before;
  }
  expect(total).toBe(1);
  const router = await slots();
  const { body } = await router.post("/v1/fleet/what-if", { tasks: [{ task_id: "A" }, { task_id: "B" }] });
  expect(body).toMatchObject({
    h1_delta: 0,
    capped: false,
    assignments: [
      { task_id: "A", agent_id: "z" },
      { task_id: "B", agent_id: "x" },
    ],
  });
  expect((await router.get("/status")).body).toMatchObject({ n_edges: 3, h1_dimension: 0 });
});

function numbered(letter: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `${letter}${number + 1}`);
}

function complete(ids: readonly string[]): readonly string[] {
  return ids.flatMap((a, place) => ids.slice(place + 1).map((b) => `${a} ${b}`));
}

function between(left: readonly string[], right: readonly string[]): readonly string[] {
  return left.flatMap((a) => right.map((b) => `${a} ${b}`));
}

/** X is x, both tasks and y stand in Y, Z is z; x is the cheaper way for slot A. */
async function slots(): Promise<RouterCaller> {
  const router = new RouterCaller();
  await router.post("/register/agent", { agent_id: "x", capabilities: ["a", "b"] });
  await router.post("/register/agent", { agent_id: "y1" });
  await router.post("/register/agent", { agent_id: "z", capabilities: ["a"] });
  await router.post("/route", { task_id: "busy", prefer_agents: ["z"] });
  for (const task_id of ["A", "B"]) {
    await router.post("/register/task", { task_id, required_capabilities: [task_id.toLowerCase()] });
    await router.post("/v1/fleet/edges", { a: "y1", b: task_id, kind: "dependency" });
  }
  return router;
}
