// The module map of the design as data: what each folder of src/ may import, what must stay pure, and which files
// may do what their folder may not, with the reason.

/** What a session rests on. */
const BELOW_SESSION = [
  "event",
  "tile",
  "webhook",
  "store",
  "telemetry",
  "trust",
  "omni",
  "dust",
  "fleet",
  "view",
];

/** Folders each folder may import besides itself; `all` for the places that put everything together. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[] | "all">> = {
  event: [],
  store: ["event"],
  tile: ["event", "store"],
  webhook: ["event", "store", "tile"],
  trust: ["event"],
  omni: ["event"],
  dust: ["event"],
  fleet: ["event"],
  view: ["event"],
  telemetry: ["event", "tile"],
  session: BELOW_SESSION,
  insight: [...BELOW_SESSION, "session"],
  run: [...BELOW_SESSION, "session"],
  server: [...BELOW_SESSION, "session", "insight", "run"],
  client: ["event", "tile", "trust", "session"],
  testing: [...BELOW_SESSION, "session", "insight", "run", "server"],
  cli: "all",
};

/** Files of src/ itself: the public names and what a process on one machine is made of. They may import everything. */
export const ROOTS: readonly string[] = ["src/index.ts", "src/local.ts"];

/** Where store adapters may be named; everyone else sees the port alone. */
export const PUTS_ADAPTERS_TOGETHER: readonly string[] = [
  "src/cli/",
  "src/testing/",
  "src/server/main.ts",
  ...ROOTS,
];

/** What of the store is for all: the port, and the rule that says in which partition of a place a stream stands. */
export const STORE_FOR_ALL: readonly string[] = ["src/store/port.ts", "src/store/partition.ts"];

/** Folders that run in browsers too: neither they nor what they import may import a `node:` module or a package. */
export const RUNS_IN_BROWSERS: readonly string[] = ["client"];

/** No `node:` module, no package, no clock, no chance, no timer, no process. */
export const PURE: readonly string[] = [
  "event",
  "session",
  "tile",
  "webhook",
  "trust",
  "omni",
  "view",
  "dust",
  "fleet",
  "insight",
];

/** What a pure folder may import all the same. */
export const PURE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  event: ["node:crypto"],
  webhook: ["node:crypto"],
};

/** Files of pure folders that are edges, each with its reason. */
export const IMPURE: Readonly<Record<string, string>> = {
  "src/event/turn.ts": "gives others their turn while a large state is read",
  "src/session/callback-context.ts": "asks the machine which callback the running code belongs to",
  "src/session/router-client.ts": "hashes the keys it sends to an H1 router",
  "src/session/trace-context.ts": "asks the machine on behalf of which trace the running code works",
  "src/session/system-clock.ts": "is the clock: everything else is given the time",
  "src/trust/cedar-engine.ts":
    "loads the Cedar engine, a package, and keeps the names of what is kept ready in it",
  "src/tile/endpoint.ts": "holds the connections to a server elsewhere",
  "src/tile/plato-request.ts": "speaks HTTP: what is sent and what an answer means is decided elsewhere",
  "src/tile/plato-sink.ts": "hashes the tile it shortens",
  "src/tile/target.ts": "asks the system where a name leads",
  "src/webhook/verify.ts": "is for receivers, in programs of their own, and looks at their clock",
  "src/session/system-id.ts": "is the source of ids: everything else is given them",
};

/** Names that say nothing about what is inside. */
export const NAMES_REFUSED: readonly string[] = ["utils", "helpers", "common", "types"];
