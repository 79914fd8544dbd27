// The commands that look at a fleet and route by it, as data.
import type { CommandSpec, OptionSpec } from "./command-spec.ts";

const FLEET: OptionSpec = { flags: "--fleet <name>", text: "which fleet (default: default)" };
const ROUTE_OPTIONS: readonly OptionSpec[] = [
  { flags: "--capabilities <list>", text: "what its agent must be able to do: a,b" },
  { flags: "--prefer <list>", text: "agents to choose before others as capable: x,y" },
  {
    flags: "--policy <policy>",
    text: "what decides among the capable (default: h1)",
    choices: ["h1", "load", "blast-radius"],
  },
  FLEET,
];

export const ROUTING: readonly CommandSpec[] = [
  {
    usage: "route <task>",
    summary: "give a task to an agent of the fleet, and say why",
    description:
      "Routes a task by the fleet in the store: capability, then what keeps loops (β₁) few, then load. Says in a sentence " +
      "why this agent, and why not the next. `holodeck fleet complete` says that it is done.",
    examples: [
      "holodeck route fix-parser --capabilities compilation,llvm",
      "holodeck route t --prefer oracle1 --json",
    ],
    options: ROUTE_OPTIONS,
    load: async () => await import("./route.ts"),
  },
  {
    group: "fleet",
    usage: "status",
    summary: "show the fleet's loops and what they say of it",
    description:
      "Shows agents, tasks and edges, the independent loops (β₁), their threshold, and every component above its own.",
    examples: ["holodeck fleet status --json"],
    options: [FLEET],
    load: async () => await import("./fleet-status.ts"),
  },
  {
    group: "fleet",
    usage: "agents",
    summary: "list who can be routed to",
    description:
      "Lists the agents with their capabilities and how many tasks each has. With --json: {agents, total}.",
    examples: ["holodeck fleet agents"],
    options: [FLEET, { flags: "--limit <n>", text: "at most so many (default: 100)", range: [1, 1_000_000] }],
    load: async () => await import("./fleet-agents.ts"),
  },
  {
    group: "fleet",
    usage: "cycles",
    summary: "list who is in each loop, and who waits in a circle",
    description:
      "Lists the fundamental loops, as many as β₁, deadlocks (who waits for whom in a circle) and work handed to and fro.\n" +
      "With --json: {total, cycles, waits, ping_pongs}.",
    examples: ["holodeck fleet cycles"],
    options: [
      FLEET,
      { flags: "--limit <n>", text: "at most so many loops (default: 50)", range: [1, 1_000_000] },
    ],
    load: async () => await import("./fleet-cycles.ts"),
  },
  {
    group: "fleet",
    usage: "articulation",
    summary: "list single points of failure",
    description:
      "Lists whose loss, and which edge's, would part those who are tied now. With --json: {points, bridges}.",
    examples: ["holodeck fleet articulation"],
    options: [FLEET],
    load: async () => await import("./fleet-articulation.ts"),
  },
  {
    group: "fleet",
    usage: "what-if <task>",
    summary: "say whom a task would go to, and change nothing",
    description: "Answers as `holodeck route` would, and changes nothing.",
    examples: ["holodeck fleet what-if fix-parser --capabilities compilation"],
    options: ROUTE_OPTIONS,
    load: async () => await import("./fleet-what-if.ts"),
  },
  {
    group: "fleet",
    usage: "complete <task>",
    summary: "say that a task given by `holodeck route` is done",
    description:
      "Frees the agents of a task that `holodeck route` gave out. Tasks of sessions are freed by their sessions.",
    examples: ["holodeck fleet complete fix-parser"],
    options: [FLEET],
    load: async () => await import("./fleet-complete.ts"),
  },
];
