// The commands as data: how each is called, what it says of itself, and the module that does it, loaded when chosen.
import { SESSION_OUTCOMES } from "../session/outcome.ts";
import type { Io } from "./io.ts";

export interface CommandSpec {
  /** A key of `GROUPS`; absent for a command of its own. */
  readonly group?: string;
  /** Its name and arguments: `show <session>`. */
  readonly usage: string;
  /** One line in the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Beside `--store` and `--json`, which all have. */
  readonly options: readonly OptionSpec[];
  readonly load: () => Promise<CommandModule>;
}

export interface OptionSpec {
  readonly flags: string;
  readonly text: string;
  readonly choices?: readonly string[];
  /** The value is a whole number within these. */
  readonly range?: readonly [min: number, max: number];
}

/** What each command's module exports. The options are those of its spec, by their names in camelCase. */
export interface CommandModule {
  command(args: readonly string[], options: never, io: Io): Promise<number>;
}

export const GROUPS: Readonly<Record<string, string>> = {
  fleet: "look at who works together: loops, single points of failure, what-if",
  session: "list, show, replay, fork and end sessions",
};

const FOLLOW: readonly OptionSpec[] = [
  { flags: "-f, --follow", text: "go on as more comes, until the session ends or Ctrl-C" },
];
const QUIET: OptionSpec = { flags: "--quiet", text: "no progress on stderr" };
const FAIL_ON_EMERGENCE: OptionSpec = {
  flags: "--fail-on-emergence",
  text: "exit with 6 when routing brought the fleet's loops (β₁) over their threshold",
};
const AT: OptionSpec = {
  flags: "--at <seq>",
  text: "as it was after this event (default: the newest)",
  range: [1, Number.MAX_SAFE_INTEGER],
};
const WHICH = "A session is named by its id, by the beginning of it, or as `latest`.";

const RUNNING: readonly CommandSpec[] = [
  {
    usage: "run <plan>",
    summary: "run a plan of tasks in a session",
    description:
      "Runs the tasks of a plan (YAML) as processes in a session: bounded, logged, resumable.\n" +
      "Exits with 0 when the session succeeded, 1 when it failed, 124 when its time was up, 130 when interrupted.",
    examples: ["holodeck run examples/repo-audit.yaml", "holodeck run plan.yaml --json > outcome.json"],
    options: [
      {
        flags: "--concurrency <n>",
        text: "how many tasks run at once; over the plan's own",
        range: [1, 1_024],
      },
      FAIL_ON_EMERGENCE,
      QUIET,
    ],
    load: async () => await import("./run.ts"),
  },
  {
    usage: "resume [session]",
    summary: "go on with a session whose process died",
    description:
      "Goes on with a session that was interrupted or killed; by default the newest open one.\n" +
      `Finished tasks are not run again. ${WHICH}`,
    examples: ["holodeck resume"],
    options: [FAIL_ON_EMERGENCE, QUIET],
    load: async () => await import("./resume.ts"),
  },
  {
    usage: "demo",
    summary: "see a session run, from its start to its end",
    description: "Runs two sessions that show what there is, and says where their data lies.",
    examples: ["holodeck demo"],
    options: [],
    load: async () => await import("./demo.ts"),
  },
];

const READING: readonly CommandSpec[] = [
  {
    usage: "tail [session]",
    summary: "print events as they come",
    description: `Prints the events of a session, or of all, one a line; in a terminal it follows an open session.\n${WHICH}`,
    examples: ["holodeck tail latest", "holodeck tail --follow --json"],
    options: [...FOLLOW, { flags: "--no-follow", text: "end after what is there" }],
    load: async () => await import("./tail.ts"),
  },
  {
    group: "session",
    usage: "ls",
    summary: "list sessions, newest first",
    description: "Lists sessions, newest first. With --json: {sessions, next}.",
    examples: ["holodeck session ls --status open", "holodeck session ls --tag audit --limit 10 --json"],
    options: [
      {
        flags: "--status <status>",
        text: "only these",
        choices: ["open", "recovery_failed", ...SESSION_OUTCOMES],
      },
      { flags: "--agent <id>", text: "only those of an agent" },
      { flags: "--tag <tag>", text: "only those with a tag" },
      { flags: "--limit <n>", text: "at most so many (default: 50)", range: [1, 1_000] },
      { flags: "--after <next>", text: "go on from the `next` of the list before" },
    ],
    load: async () => await import("./session-ls.ts"),
  },
  {
    group: "session",
    usage: "show <session>",
    summary: "show a session and its tasks",
    description: `Shows a session and what became of each task. ${WHICH}`,
    examples: ["holodeck session show latest"],
    options: [],
    load: async () => await import("./session-show.ts"),
  },
  {
    group: "session",
    usage: "end <session>",
    summary: "end a session, cancelling what is open",
    description: `Ends a session; its open tasks are cancelled and their processes stopped. ${WHICH}`,
    examples: ['holodeck session end latest --outcome failed --error "out of budget"'],
    options: [
      { flags: "--outcome <outcome>", text: "how it ends (default: cancelled)", choices: SESSION_OUTCOMES },
      { flags: "--error <text>", text: "why" },
    ],
    load: async () => await import("./session-end.ts"),
  },
  {
    group: "session",
    usage: "replay <session>",
    summary: "show what happened, and how it stood at an event",
    description:
      "Prints a session's events from the first to the newest, or to --at, and the session as it stood then.\n" +
      `Each event's number stands before it. With --json: {seq, last_seq, hash, at, session}. ${WHICH}`,
    examples: ["holodeck session replay latest --at 12"],
    options: [AT],
    load: async () => await import("./session-replay.ts"),
  },
  {
    group: "session",
    usage: "fork <session>",
    summary: "start a new session from where one stood",
    description:
      "Starts a new session from the state after an event, by default the newest: the same tasks, the same ends.\n" +
      `Attempts that ran may start again; the other session stays as it is. ${WHICH}`,
    examples: ["holodeck session fork latest --at 12"],
    options: [AT],
    load: async () => await import("./session-fork.ts"),
  },
  {
    usage: "tiles",
    summary: "print what sessions told others",
    description:
      "Prints tiles (how events read to others), the oldest first: of a room (channel), of a session, or the newest\n" +
      "of all. With --json: {tiles}, or with --follow a tile a line.\n" +
      "With --pending: those on their way to PLATO servers, and those a server refused, with its reason; --retry sends\n" +
      "them now and exits with 7 when some still wait, 1 when some were refused again. With --json: {destinations}.",
    examples: [
      "holodeck tiles --session latest",
      "holodeck tiles --room scout-reports/holodeck-session -f",
      "holodeck tiles --pending --retry",
    ],
    options: [
      { flags: "--room <room>", text: "only those of a room" },
      { flags: "--session <session>", text: "only those of a session" },
      {
        flags: "--limit <n>",
        text: "at most so many of those that are there (default: 50)",
        range: [1, 1_000],
      },
      ...FOLLOW,
      { flags: "--pending", text: "what waits to be sent and what was refused, by server" },
      { flags: "--retry", text: "with --pending: send it now, the refused once more" },
    ],
    load: async () => await import("./tiles.ts"),
  },
  {
    usage: "verify",
    summary: "check every hash and every chain",
    description:
      "Checks every event against its hash, every chain, and the store below. Exits with 1 when anything is broken.",
    examples: ["holodeck verify --json"],
    options: [],
    load: async () => await import("./verify.ts"),
  },
  {
    usage: "prune",
    summary: "let go of what old sessions hold",
    description:
      "Lets go of events and blobs of sessions that ended long ago; hashes, totals and patterns stay, and `verify`\n" +
      "still holds. Blobs that no event names go a day after they were put. Without days, nothing else goes.",
    examples: [
      "holodeck prune --events-days 90 --keep-failed --dry-run",
      "holodeck prune --blobs-days 30 --json",
    ],
    options: [
      {
        flags: "--events-days <n>",
        text: "events, and blobs with them, so many days after the end",
        range: [0, 36_500],
      },
      { flags: "--blobs-days <n>", text: "blobs so many days after the end", range: [0, 36_500] },
      { flags: "--keep-failed", text: "keep all of sessions that failed or ran out of time" },
      { flags: "--dry-run", text: "say what would go, and change nothing" },
    ],
    load: async () => await import("./prune.ts"),
  },
  {
    usage: "doctor",
    summary: "check this machine and the store",
    description: "Checks whether this machine and the store can carry sessions, and says what to do if not.",
    examples: ["holodeck doctor"],
    options: [],
    load: async () => await import("./doctor.ts"),
  },
];

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

const ROUTING: readonly CommandSpec[] = [
  {
    usage: "route <task>",
    summary: "give a task to an agent of the fleet, and say why",
    description:
      "Routes a task by the fleet in the store: capability, then what keeps loops (β₁) few, then load. Says in a sentence\n" +
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

const SERVING: readonly CommandSpec[] = [
  {
    usage: "up",
    summary: "serve rooms (channels) of tiles over HTTP",
    description:
      "Serves PLATO: agents in any language submit tiles to rooms and read them, sessions' tiles among them.\n" +
      "Runs until Ctrl-C or SIGTERM; then it ends what is under way and exits with 0. With --json it prints its ports.",
    examples: ["holodeck up", "holodeck up --port 9000 --store data/holodeck.db"],
    options: [
      { flags: "--host <host>", text: "where to listen, on this machine alone (default: 127.0.0.1)" },
      {
        flags: "--port <n>",
        text: "PLATO's port; 0 for any (default: $PLATO_PORT, else 8848)",
        range: [0, 65_535],
      },
      {
        flags: "--router-port <n>",
        text: "the H1 router's port; 0 for any (default: $H1_ROUTER_PORT, else 8902)",
        range: [0, 65_535],
      },
    ],
    load: async () => await import("./up.ts"),
  },
];

export const COMMANDS: readonly CommandSpec[] = [...RUNNING, ...SERVING, ...READING, ...ROUTING];
