// Measures the fleet's core in memory: edge changes in the graph, choices, and whole routes (decide and evolve).
// Figures without a row to reach: each line also tells the memory held, in MiB. `--largest N` stops at fleets of N.
import { isRefusal } from "../src/event/decider.ts";
import { FleetGraph } from "../src/fleet/graph.ts";
import { MemoryFleet } from "../src/fleet/memory-fleet.ts";
import { Selection } from "../src/fleet/selection.ts";
import type { Row, Settings } from "./harness.ts";

const SIZES = [1000, 100_000, 1_000_000];
const SKILLS = ["plan", "code", "review", "search", "write", "test"];

/** Deterministic numbers, so that two runs do the same work. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function report(name: string, size: number, operations: number, milliseconds: number, more = ""): void {
  const rate = Math.round((operations / milliseconds) * 1000).toLocaleString("en");
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${name.padEnd(34)} ${String(size).padStart(9)}  ${rate.padStart(11)}/s  ${memory} MiB  ${more}`,
  );
}

/** Edges inserted and deleted at random in a graph that holds `perVertex` edges a vertex. */
function measureEdges(size: number, perVertex: number): void {
  const random = randomFrom(1);
  const graph = new FleetGraph();
  for (let vertex = 0; vertex < size; vertex++) graph.addVertex(`v${vertex}`, "agent");
  const edges: [string, string][] = [];
  const insert = (): void => {
    const a = `v${random(size)}`;
    const b = `v${random(size)}`;
    if (a !== b && graph.addEdge({ a, b, kind: "dependency" })) edges.push([a, b]);
    else if (a !== b) graph.removeEdge({ a, b, kind: "dependency" });
  };
  const started = performance.now();
  const wanted = Math.floor(size * perVertex);
  while (edges.length < wanted) insert();
  report(`edges inserted (to ${perVertex} a vertex)`, size, wanted, performance.now() - started);
  const operations = 200_000;
  const began = performance.now();
  for (let done = 0; done < operations; done += 2) {
    const place = random(edges.length);
    const [a, b] = edges[place]!;
    edges[place] = edges.at(-1)!;
    edges.pop();
    graph.removeEdge({ a, b, kind: "dependency" });
    insert();
  }
  const { averageDepth, scansPerDelete } = graph.metrics();
  report(
    "edges changed",
    size,
    operations,
    performance.now() - began,
    `depth ${averageDepth.toFixed(1)}, scans a delete ${scansPerDelete.toFixed(1)}`,
  );
}

function skillsOf(number: number): string[] {
  return SKILLS.filter((_, bit) => ((number * 2654435761) >>> (bit + 7)) & 1);
}

/** A choice by requirement, the load raised, and an older one lowered. */
function measureSelection(size: number): void {
  const random = randomFrom(2);
  const selection = new Selection();
  for (let agent = 0; agent < size; agent++) selection.register(`agent-${agent}`, skillsOf(agent), null);
  const busy: string[] = [];
  const operations = 300_000;
  const began = performance.now();
  for (let done = 0; done < operations; done++) {
    const agent = selection.best([SKILLS[random(SKILLS.length)]!])!;
    selection.setLoad(agent, selection.load(agent) + 1);
    busy.push(agent);
    if (busy.length > 5000) {
      const freed = busy[done % busy.length]!;
      if (selection.load(freed) > 0) selection.setLoad(freed, selection.load(freed) - 1);
    }
  }
  report("agents selected", size, operations, performance.now() - began);
}

/** Tasks of 1 to 3 agents come and go while a hundredth of the agents is at work. */
function measureRoutes(size: number): void {
  const random = randomFrom(3);
  const fleet = new MemoryFleet();
  for (let agent = 0; agent < size; agent++) {
    fleet.give({ type: "register_agent", agent_id: `agent-${agent}`, capabilities: skillsOf(agent), now: 0 });
  }
  const open = Math.max(50, Math.floor(size / 100));
  const times: number[] = [];
  const operations = 100_000;
  const route = (task: number): void => {
    const decided = fleet.give({
      type: "route",
      task_id: `task-${task}`,
      required_capabilities: [SKILLS[random(SKILLS.length)]!],
      agents_needed: 1 + random(3),
      now: task,
    });
    if (isRefusal(decided)) throw new Error(decided.what);
  };
  for (let task = 0; task < open; task++) route(task);
  const began = performance.now();
  for (let task = open; task < open + operations; task++) {
    const start = performance.now();
    fleet.give({ type: "complete", task_id: `task-${task - open}`, now: task });
    route(task);
    times.push(performance.now() - start);
  }
  const total = performance.now() - began;
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)]! * 1000;
  report("tasks routed and completed", size, operations, total, `p99 ${p99.toFixed(0)} µs`);
  const saving = performance.now();
  const saved = fleet.decider.snapshot.save(fleet.state);
  const loading = performance.now();
  fleet.decider.snapshot.load(saved);
  const loaded = performance.now();
  console.log(
    `  snapshot: rows made in ${Math.round(loading - saving)} ms, loaded in ${Math.round(loaded - loading)} ms`,
  );
}

export function rows({ largest }: Settings): readonly Row[] {
  for (const size of SIZES.filter((count) => count <= largest)) {
    measureEdges(size, 0.45);
    measureEdges(size, 1.5);
    measureSelection(size);
    measureRoutes(size);
  }
  return [];
}
