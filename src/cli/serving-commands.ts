// The commands that serve, and make the keys of who may ask, as data.
import { KEY_ROLES } from "../trust/key-aggregate.ts";
import type { CommandSpec, OptionSpec } from "./command-spec.ts";

const CONFIG: OptionSpec = {
  flags: "--config <file>",
  text: "a configuration file (default: $HOLODECK_CONFIG, else ./holodeck.yaml if there)",
};

export const SERVING: readonly CommandSpec[] = [
  {
    usage: "up",
    summary: "serve rooms (channels) of tiles and a task router over HTTP",
    description:
      "Serves PLATO: agents in any language submit tiles to rooms and read them, sessions' tiles among them; and an " +
      "H1 router: agents register with it, and tasks are routed by what coordination it costs (β₁, loops).\n" +
      "Runs until Ctrl-C or SIGTERM; then it ends what is under way and exits with 0. With --json it prints its ports.\n" +
      "Once there is a key (`holodeck key new`), every request needs one. `holodeck config show` tells all settings.",
    examples: ["holodeck up", "holodeck up --port 9000 --store data/holodeck.db", "holodeck up --demo"],
    options: [
      CONFIG,
      {
        flags: "--host <host>",
        text: "where to listen; what others can reach needs a key (default: 127.0.0.1)",
      },
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
      { flags: "--key-file <file>", text: "an operator's key, in a file that nobody else may read" },
      {
        flags: "--allow-host <name>",
        text: "a name that requests may come for; may stand several times",
        isList: true,
      },
      { flags: "--demo", text: "play the sessions of `holodeck demo` into the store, then go on serving" },
      { flags: "--fleet <file>", text: "agents and tasks of the router's fleet, YAML (docs/fleet.md)" },
    ],
    load: async () => await import("./up.ts"),
  },
  {
    group: "config",
    usage: "show",
    summary: "show what `up` would run with",
    description:
      "Shows the settings of `holodeck up` as a configuration file (holodeck.yaml) says them; with --sources, where each " +
      "was said: default, file, env or flag. Secrets are masked.",
    examples: ["holodeck config show --sources"],
    options: [CONFIG, { flags: "--sources", text: "where each setting was said" }],
    load: async () => await import("./config-show.ts"),
  },
  {
    group: "key",
    usage: "new <name>",
    summary: "make a key and show it, this once",
    description:
      "Makes a key and prints it; the store keeps its SHA-256 alone. An observer reads, an agent writes too, an operator " +
      "does everything. With --session or --room the key sees those alone. With --agent each request about a session is judged " +
      "by its policy as that agent, which is attached there; nothing else is shown.",
    examples: [
      "holodeck key new laptop --role operator",
      "holodeck key new scout --role agent --room gc/research --days 30",
      "holodeck key new bot --role agent --agent bot",
    ],
    options: [
      { flags: "--role <role>", text: "what it may do", choices: KEY_ROLES },
      { flags: "--session <id>", text: "a session it may see; may stand several times", isList: true },
      { flags: "--room <name>", text: "a room it may see; may stand several times", isList: true },
      { flags: "--agent <name>", text: "the agent of sessions it acts as, and nobody else" },
      { flags: "--days <n>", text: "how long it holds (default: until it is revoked)", range: [1, 3_650] },
      CONFIG,
    ],
    load: async () => await import("./key-new.ts"),
  },
  {
    group: "key",
    usage: "ls",
    summary: "list the keys, never what they are",
    description: "Lists the keys with their roles, scopes and ends. With --json: {keys}.",
    examples: ["holodeck key ls"],
    options: [CONFIG],
    load: async () => await import("./key-ls.ts"),
  },
  {
    group: "key",
    usage: "revoke <name>",
    summary: "end a key, at once and in every process",
    description: "Revokes a key: from now on it opens nothing, in whatever process.",
    examples: ["holodeck key revoke laptop"],
    options: [CONFIG],
    load: async () => await import("./key-revoke.ts"),
  },
  {
    usage: "webhooks",
    summary: "show what waits to be posted to webhooks",
    description:
      "Shows the webhooks that the configuration declares: what waits to be posted, and what they refused, with the " +
      "reason. --retry posts it now, and exits with 7 when some still waits, 1 when some was refused again.\n" +
      "With --json: {webhooks}.",
    examples: ["holodeck webhooks", "holodeck webhooks --retry --json"],
    options: [CONFIG, { flags: "--retry", text: "post it now, the refused once more" }],
    load: async () => await import("./webhooks.ts"),
  },
];
