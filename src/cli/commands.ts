// The commands as data: how each is called, what it says of itself, and the module that does it, loaded when chosen.
import { SESSION_OUTCOMES } from "../session/outcome.ts";
import type { CommandSpec, OptionSpec } from "./command-spec.ts";
import { POLICY } from "./policy-commands.ts";
import { ROUTING } from "./routing-commands.ts";
import { SERVING } from "./serving-commands.ts";

export type { CommandSpec, OptionSpec } from "./command-spec.ts";

export const GROUPS: Readonly<Record<string, string>> = {
  config: "show what a server would run with",
  fleet: "look at who works together: loops, single points of failure, what-if",
  key: "make, list and revoke the keys of a server",
  policy: "test, explain, check and translate policies",
  session: "list, show, replay, export, fork and end sessions",
};

const FOLLOW: readonly OptionSpec[] = [
  { flags: "-f, --follow", text: "go on as more comes, until the session ends or Ctrl-C" },
];
const QUIET: OptionSpec = { flags: "--quiet", text: "no progress on stderr" };
const FAIL_ON_EMERGENCE: OptionSpec = {
  flags: "--fail-on-emergence",
  text: "exit with 6 when routing brought the fleet's loops (β₁) over their threshold",
};
const JUNIT: OptionSpec = {
  flags: "--junit <file>",
  text: "write a JUnit report when it ends, for build servers",
};
const AT: OptionSpec = {
  flags: "--at <seq>",
  text: "as it was after this event (default: the newest)",
  range: [1, Number.MAX_SAFE_INTEGER],
};
const SERVER: readonly OptionSpec[] = [
  { flags: "--url <url>", text: "a server in place of a store (default: $HOLODECK_URL)" },
  {
    flags: "--key-file <file>",
    text: "the server's key, in a file that nobody else may read (default: $PLATO_API_KEY)",
  },
];
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
      JUNIT,
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
    options: [FAIL_ON_EMERGENCE, QUIET, JUNIT],
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
    options: [...FOLLOW, { flags: "--no-follow", text: "end after what is there" }, ...SERVER],
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
      ...SERVER,
    ],
    load: async () => await import("./session-ls.ts"),
  },
  {
    group: "session",
    usage: "show <session>",
    summary: "show a session and its tasks",
    description: `Shows a session and what became of each task. ${WHICH}`,
    examples: ["holodeck session show latest"],
    options: [...SERVER],
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
      ...SERVER,
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
    options: [AT, ...SERVER],
    load: async () => await import("./session-replay.ts"),
  },
  {
    group: "session",
    usage: "export <session>",
    summary: "write a session into one file for others",
    description:
      "Writes a session as one HTML page (timeline, tasks with their results, tiles, events) that needs nothing beside " +
      "it, or with --jsonl its events with their hashes, one a line. Values of the secrets that its plan declares are " +
      `taken out, as far as this environment has them. ${WHICH}`,
    examples: [
      "holodeck session export latest --output session.html",
      "holodeck session export latest --jsonl --redact GITHUB_TOKEN > session.jsonl",
    ],
    options: [
      { flags: "--jsonl", text: "lines of JSON in place of a page" },
      { flags: "-o, --output <file>", text: "write to a file (default: stdout)" },
      { flags: "--redact <names...>", text: "take out the values of these environment variables too" },
      ...SERVER,
    ],
    load: async () => await import("./session-export.ts"),
  },
  {
    group: "session",
    usage: "fork <session>",
    summary: "start a new session from where one stood",
    description:
      "Starts a new session from the state after an event, by default the newest: the same tasks, the same ends.\n" +
      `Attempts that ran may start again; the other session stays as it is. ${WHICH}`,
    examples: ["holodeck session fork latest --at 12"],
    options: [AT, ...SERVER],
    load: async () => await import("./session-fork.ts"),
  },
  {
    usage: "tiles",
    summary: "print what sessions told others",
    description:
      "Prints tiles (how events read to others), the oldest first: of a room (channel), of a session, or the newest " +
      "of all. With --json: {tiles}, or with --follow a tile a line.\n" +
      "With --pending: those on their way to PLATO servers, and those a server refused, with its reason; --retry sends " +
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
      ...SERVER,
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
      "Lets go of events and blobs of sessions that ended long ago; hashes, totals and patterns stay, and `verify` " +
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

export const COMMANDS: readonly CommandSpec[] = [...RUNNING, ...SERVING, ...READING, ...POLICY, ...ROUTING];
