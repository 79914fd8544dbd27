// The shape of a plan: every key, its default, its limits, and a sentence each for editors. The message of a check is
// what to write instead. What holds between keys is plan-check.ts's work.
import { z } from "zod";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The session's limit for tags and capabilities. */
const TEXTS_MAX = 100;
const SECONDS_MAX = 365 * 24 * 3600;

/** What the session takes as a text: something to see, and no control characters. */
function text(describe: string, lengthMax = 256): z.ZodString {
  const todo = `Write a text of 1 to ${lengthMax} printable characters; put it in quotes if it looks like something else.`;
  return z
    .string(todo)
    .min(1, todo)
    .max(lengthMax, todo)
    .regex(/^(?=.*\S)\P{Cc}*$/u, todo)
    .describe(describe);
}

function id(describe: string): z.ZodString {
  const todo =
    "Write 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit.";
  return z.string(todo).regex(ID, todo).describe(describe);
}

/** What a process is given: no NUL. */
function argument(describe: string): z.ZodString {
  const todo = "Write a text without NUL characters; put it in quotes if it looks like something else.";
  // oxlint-disable-next-line no-control-regex -- NUL is what an argument cannot hold
  return z
    .string(todo)
    .regex(/^[^\0]*$/, todo)
    .describe(describe);
}

function argumentList(describe: string): z.ZodTuple<[z.ZodString], z.ZodString> {
  const todo = "Write a list of texts, as in [git, status].";
  const program = argument("The program.").min(1, "Write the program first, as in [git, status].");
  return z.tuple([program], argument("An argument."), todo).describe(describe);
}

function seconds(describe: string): z.ZodNumber {
  const todo = `Write a number of seconds above 0, at most ${SECONDS_MAX} (a year).`;
  return z.number(todo).positive(todo).max(SECONDS_MAX, todo).describe(describe);
}

function whole(min: number, max: number, describe: string): z.ZodInt {
  const todo = `Write a whole number from ${min} to ${max}.`;
  return z.int(todo).min(min, todo).max(max, todo).describe(describe);
}

function list<Item extends z.ZodType>(
  item: Item,
  describe: string,
  countMax = 10_000,
): z.ZodDefault<z.ZodArray<Item>> {
  const todo = "Write a list, as in [one, two].";
  return z.array(item, todo).max(countMax, `Write at most ${countMax}.`).default([]).describe(describe);
}

function oneOf<const Words extends readonly string[]>(words: Words, describe: string) {
  return z.enum(words, `Write one of ${words.join(", ")}.`).describe(describe);
}

const OBJECT_TODO = "Write keys with values, as in {key: value}.";

const variables = (describe: string) =>
  z
    .record(
      z.string().regex(VARIABLE, "Name a variable with letters, digits and underscores, as in MY_VARIABLE."),
      argument("Its value."),
      OBJECT_TODO,
    )
    .default({})
    .describe(describe);

const json = (describe: string) =>
  z.record(z.string(), z.unknown(), OBJECT_TODO).default({}).describe(describe);

const capabilities = (describe: string) => list(text("A capability."), describe, TEXTS_MAX);

export const limitsSchema = z.strictObject(
  {
    max_tasks: whole(1, 1_000_000, "The most tasks the session takes. Default 50.").default(50),
    task_timeout_seconds: seconds("How long an attempt of a task may take. Default 300.").default(300),
    session_timeout_seconds: seconds("How long the session may take in all. Default 3600.").default(3600),
    concurrency: whole(
      1,
      1024,
      "How many tasks run at once. Default: as many as the machine has cores.",
    ).optional(),
  },
  OBJECT_TODO,
);

export const agentSchema = z.strictObject(
  {
    id: id("The agent's name; tasks name it under `agent`."),
    capabilities: capabilities("What it can do; a task that asks for these may go to it."),
    concurrency: whole(1, 1024, "How many tasks it does at once. Default 1.").default(1),
    command: argumentList(
      "What runs a task's `prompt`: a program and its arguments. {{prompt}} is replaced by the prompt, {{prompt_file}} by the path of a file that holds it.",
    ).optional(),
    env: variables("Environment variables for what it runs, over the plan's own."),
  },
  OBJECT_TODO,
);

export const retriesSchema = z.strictObject(
  {
    max: whole(0, 1000, "How many further attempts there may be. Default 0.").default(0),
    on: z
      .array(oneOf(["failed", "timeout"], "An outcome."), "Write a list of failed and timeout.")
      .default(["failed", "timeout"])
      .describe("After which outcomes. Default both."),
    backoff_seconds: z
      .number(`Write a number of seconds from 0 to ${SECONDS_MAX}.`)
      .min(0, `Write a number of seconds from 0 to ${SECONDS_MAX}.`)
      .max(SECONDS_MAX, `Write a number of seconds from 0 to ${SECONDS_MAX}.`)
      .default(0)
      .describe("How long to wait before the first retry; doubled for each further one. Default 0."),
  },
  OBJECT_TODO,
);

const WHEN_TODO =
  "Write success, failed, always, or {task: ID, outcome: failed}, or {task: ID, result: {key: value}}, or a list of such.";

const outcome = oneOf(["success", "failed", "timeout", "cancelled"], "How a task ended.");

export const conditionSchema = z
  .strictObject(
    {
      task: id("A task that comes before this one."),
      outcome: z
        .union([outcome, z.array(outcome).min(1)], WHEN_TODO)
        .optional()
        .describe("How it must have ended: one outcome, or a list of which one suffices."),
      result: z
        .unknown()
        .optional()
        .describe("What its result must be. Of an object, the keys given here must be equal."),
    },
    WHEN_TODO,
  )
  .describe("A condition on one earlier task.");

const whenSchema = z
  .union(
    [
      oneOf(
        ["success", "failed", "always"],
        "success: all of `after` succeeded (the default). failed: at least one failed or timed out. always: whatever became of them; it makes no failure good.",
      ),
      conditionSchema,
      z.array(conditionSchema, WHEN_TODO).min(1, WHEN_TODO).max(100, WHEN_TODO),
    ],
    WHEN_TODO,
  )
  .default("success")
  .describe("Whether the task runs, once all of `after` have ended. If not, it is cancelled.");

export const taskSchema = z.strictObject(
  {
    id: id("The task's name, unique in the plan."),
    capabilities: capabilities(
      "What its agent must be able to do. Without `agent`, it goes to one that can.",
    ),
    agent: id("The agent that does it.").optional(),
    run: z
      .union(
        [
          argument("A shell line, run by sh -c."),
          argumentList("A program and its arguments, run as they are."),
        ],
        {
          error: "Write a shell line as text, or a program and its arguments as a list.",
        },
      )
      .optional()
      .describe(
        "What to run: a text goes to sh -c, a list is run as it is and may hold {{tasks.ID.result}}.",
      ),
    prompt: argument("What to tell the agent; may hold {{tasks.ID.result}}.")
      .min(1, "Write the prompt.")
      .optional(),
    after: list(id("A task's id."), "The tasks that must have ended before."),
    when: whenSchema,
    retries: retriesSchema.prefault({}).describe("Further attempts. Default none."),
    timeout_seconds: seconds("How long an attempt may take; over limits.task_timeout_seconds.").optional(),
    idle_timeout_seconds: seconds(
      "Ends an attempt that writes nothing for so long. Default: none.",
    ).optional(),
    env: variables("Environment variables, over the agent's and the plan's."),
    cwd: argument("The folder it runs in. Default: where holodeck was started.")
      .min(1, "Write a folder, or leave it out.")
      .optional(),
    priority: oneOf(
      ["low", "normal", "high", "critical"],
      "Which goes first of those that could start. Default normal.",
    ).default("normal"),
    artifacts: list(
      text("A path or glob, as in out/*.json.", 1024),
      "Files below `cwd` to keep when it has ended.",
    ),
    data: json("Whatever else belongs to the task; kept with it."),
  },
  OBJECT_TODO,
);

export const planSchema = z.strictObject(
  {
    version: z.literal(1, "Write version: 1.").describe("The version of this format: 1."),
    name: text("The session's name."),
    agent_id: text("Who runs the session."),
    tags: list(text("A tag."), "For finding the session again.", TEXTS_MAX),
    metadata: json("Kept with the session for whoever reads it."),
    limits: limitsSchema.prefault({}).describe("What the session may take."),
    env: variables(
      "Environment variables; tasks see these, PATH, HOME, TMPDIR and HOLODECK_*, nothing else.",
    ),
    secrets: list(
      z
        .string("Write the name of an environment variable, as in GITHUB_TOKEN.")
        .regex(VARIABLE, "Write the name of an environment variable, as in GITHUB_TOKEN.")
        .describe("The name of an environment variable."),
      "Environment variables that are passed on and never recorded.",
    ),
    agents: list(agentSchema, "Who can do tasks."),
    routing: oneOf(
      ["load", "h1"],
      "How a task without `agent` finds one. load: the least busy that can (the default). h1: by the router.",
    ).default("load"),
    h1_router_url: z
      .url({ protocol: /^https?$/, error: "Write a URL, as in http://localhost:8902." })
      .optional()
      .describe("The H1 router that routes, with routing: h1. Default: the fleet in the session's store."),
    emit_tiles: z
      .boolean("Write true or false.")
      .default(true)
      .describe("Whether tiles are sent. Default true."),
    plato_url: z
      .url({ protocol: /^https?$/, error: "Write a URL, as in http://localhost:8848." })
      .optional()
      .describe("The PLATO server that tiles go to."),
    scout_room: text("The room (channel) that tiles go to.").optional(),
    tasks: z
      .array(taskSchema, "Write a list of tasks, as in [{id: hello, run: echo hello}].")
      .min(1, "Write at least one task, as in [{id: hello, run: echo hello}].")
      .describe("What is to be done."),
  },
  "Write a plan: version, name, agent_id and tasks.",
);

type ReadonlyDeep<Value> = Value extends object
  ? { readonly [Key in keyof Value]: ReadonlyDeep<Value[Key]> }
  : Value;

/** A checked plan with its defaults filled in; keys as in YAML. */
export type Plan = ReadonlyDeep<
  Omit<z.output<typeof planSchema>, "limits"> & {
    limits: z.output<typeof planSchema>["limits"] & { concurrency: number };
  }
>;
export type PlanTask = Plan["tasks"][number];
export type PlanAgent = Plan["agents"][number];
export type PlanCondition = ReadonlyDeep<z.output<typeof conditionSchema>>;

/** Plans as they are read, but that `limits.concurrency` may still be open. */
export type ParsedPlan = z.output<typeof planSchema>;

/** The JSON Schema for editors: what may be written, so keys with a default may be missing. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(planSchema, { io: "input" }),
    title: "A holodeck plan",
    description: "Tasks that `holodeck run` runs in a session.",
  };
}
