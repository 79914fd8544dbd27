// What must hold between the keys of a plan whose shape is right: ids, order, who does what, variables, secrets.
// plan-placeholders.ts checks what is filled in where.
import { isAbsolute } from "node:path";
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson } from "../event/json.ts";
import { EVENT_BYTES_MAX } from "../event/event.ts";
import { CAPABILITIES_MAX, CAPABILITY_LENGTH_MAX } from "../fleet/fleet-limits.ts";
import { capableAgents } from "./plan-order.ts";
import { checkPlaceholders } from "./plan-placeholders.ts";
import type { ParsedPlan } from "./plan-schema.ts";
import { faultAt, type PathFault } from "./plan-shape.ts";
import { pathText, type PlanPath } from "./plan-source.ts";
import { findLoop, ancestorsOf } from "./plan-graph.ts";
import { SECRET_CHARACTERS_MIN } from "./redact.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export function checkPlan(plan: ParsedPlan, environment: Environment | undefined): readonly PathFault[] {
  return [
    ...duplicates(plan),
    ...order(plan),
    ...plan.tasks.flatMap((task, index) => work(plan, task, ["tasks", index])),
    ...variables(plan),
    ...secrets(plan, environment),
    ...recorded(plan),
    ...routed(plan),
    ...checkPlaceholders(plan),
  ];
}

type ParsedTask = ParsedPlan["tasks"][number];

/** Ids name files too, and some file systems do not tell letter case. */
function duplicates(plan: ParsedPlan): readonly PathFault[] {
  return (["tasks", "agents"] as const).flatMap((kind) => {
    const seen = new Map<string, number>();
    return plan[kind].flatMap(({ id }, index) => {
      const first = seen.get(id.toLowerCase());
      seen.set(id.toLowerCase(), first ?? index);
      if (first === undefined) return [];
      const what = `The id ${id} stands at ${kind}[${first}] already (letter case does not count).`;
      return [faultAt([kind, index, "id"], what, "Give each its own.")];
    });
  });
}

function order(plan: ParsedPlan): readonly PathFault[] {
  const ids = new Set(plan.tasks.map(({ id }) => id));
  const faults = plan.tasks.flatMap((task, index) => [
    ...task.after.flatMap((id, at) => {
      if (ids.has(id)) return [];
      const todo = `Name one of ${[...ids].slice(0, 20).join(", ")}, or leave it out.`;
      return [faultAt(["tasks", index, "after", at], `No task has the id ${id}.`, todo)];
    }),
    ...conditions(plan, task, ["tasks", index, "when"]),
  ]);
  const { max_tasks: max } = plan.limits;
  if (plan.tasks.length > max) {
    const what = `The plan has ${plan.tasks.length} tasks; limits.max_tasks is ${max}.`;
    faults.push(
      faultAt(["tasks", max], what, `Write limits: {max_tasks: ${plan.tasks.length}}, or fewer tasks.`),
    );
  }
  const loop = findLoop(plan.tasks);
  if (loop !== null) {
    const index = plan.tasks.findIndex(({ id }) => id === loop[0]);
    const what = `These tasks wait for each other: ${loop.slice(0, 20).join(" → ")}.`;
    faults.push(faultAt(["tasks", index, "after"], what, "Take one of them out of another's `after`."));
  }
  return faults;
}

function conditions(plan: ParsedPlan, task: ParsedTask, at: PlanPath): readonly PathFault[] {
  const { when } = task;
  if (when === "success" || when === "always") return [];
  if (when === "failed") {
    if (task.after.length > 0) return [];
    return [faultAt(at, "when: failed has no task to look at.", "Write after: [ID] as well.")];
  }
  const before = ancestorsOf(plan.tasks, task.id);
  return [when].flat().flatMap((condition, index) => {
    const path = Array.isArray(when) ? [...at, index] : at;
    if (!before.has(condition.task)) {
      const what = `${condition.task} does not come before ${task.id}.`;
      return [
        faultAt(
          [...path, "task"],
          what,
          `Write after: [${condition.task}] as well, or name an earlier task.`,
        ),
      ];
    }
    if (condition.outcome !== undefined || condition.result !== undefined) return [];
    return [faultAt(path, "The condition asks for nothing.", "Add an `outcome` or a `result`.")];
  });
}

/** Is there one thing to do, and someone who can do it? */
function work(plan: ParsedPlan, task: ParsedTask, at: PlanPath): readonly PathFault[] {
  const faults: PathFault[] = [];
  if ((task.run === undefined) === (task.prompt === undefined)) {
    const what = `${task.id} has ${task.run === undefined ? "neither `run` nor" : "both `run` and"} \`prompt\`.`;
    faults.push(faultAt(at, what, "Write one of them: run: COMMAND, or prompt: TEXT with an agent."));
  }
  for (const [index, glob] of task.artifacts.entries()) {
    if (!isAbsolute(glob) && !glob.split(/[/\\]/).includes("..")) continue;
    const what = `${task.id} wants an artifact outside its folder.`;
    faults.push(faultAt([...at, "artifacts", index], what, "Write a path below `cwd`, without .. in it."));
  }
  return [...faults, ...whoDoesIt(plan, task, at)];
}

function whoDoesIt(plan: ParsedPlan, task: ParsedTask, at: PlanPath): readonly PathFault[] {
  const asksForSomeone =
    task.agent !== undefined || task.capabilities.length > 0 || task.prompt !== undefined;
  if (!asksForSomeone || capableAgents(plan, task).length > 0) return [];
  const named = plan.agents.find(({ id }) => id === task.agent);
  if (task.agent !== undefined && named === undefined) {
    const known = plan.agents.map(({ id }) => id).slice(0, 20);
    const todo =
      known.length === 0 ? `Write agents: [{id: ${task.agent}}].` : `Name one of ${known.join(", ")}.`;
    return [faultAt([...at, "agent"], `No agent has the id ${task.agent}.`, todo)];
  }
  const can = (named === undefined ? plan.agents : [named]).filter((agent) =>
    task.capabilities.every((capability) => agent.capabilities.includes(capability)),
  );
  if (can.length > 0 || task.capabilities.length === 0) {
    const what =
      named === undefined
        ? `No agent that could do ${task.id} has a command for its prompt.`
        : `The agent ${named.id} has no command for the prompt of ${task.id}.`;
    return [faultAt([...at, named === undefined ? "prompt" : "agent"], what, COMMAND_TODO)];
  }
  const wanted = task.capabilities.join(", ");
  const what =
    named === undefined ? `No agent can do ${wanted}.` : `The agent ${named.id} cannot do all of ${wanted}.`;
  return [faultAt([...at, "capabilities"], what, `Give an agent capabilities: [${wanted}].`)];
}

const COMMAND_TODO = 'Give the agent a command, as in command: [my-agent, "{{prompt}}"].';

function variables(plan: ParsedPlan): readonly PathFault[] {
  const places: { readonly at: PlanPath; readonly env: Readonly<Record<string, string>> }[] = [
    { at: ["env"], env: plan.env },
    ...plan.agents.map(({ env }, index) => ({ at: ["agents", index, "env"], env })),
    ...plan.tasks.map(({ env }, index) => ({ at: ["tasks", index, "env"], env })),
  ];
  return places.flatMap(({ at, env }) =>
    Object.keys(env).flatMap((name): PathFault[] => {
      if (name.startsWith("HOLODECK_")) {
        return [
          { ...faultAt([...at, name], `${name} is set by holodeck itself.`, "Use another name."), of: "key" },
        ];
      }
      if (!plan.secrets.includes(name)) return [];
      const fault = faultAt([...at, name], `${name} is declared as a secret too.`, "Write it in one place.");
      return [{ ...fault, of: "key" }];
    }),
  );
}

function secrets(plan: ParsedPlan, environment: Environment | undefined): readonly PathFault[] {
  return plan.secrets.flatMap((name, index) => {
    const at = ["secrets", index];
    if (/^(?:HOLODECK_.*|PATH|HOME|TMPDIR)$/.test(name)) {
      return [faultAt(at, `${name} is passed on anyway and shown.`, "Take it out of `secrets`.")];
    }
    if (environment === undefined) return [];
    const value = environment[name];
    if (value === undefined) return [faultAt(at, `${name} is not set.`, `Set it first: export ${name}=…`)];
    if (value.length >= SECRET_CHARACTERS_MIN) return [];
    const what = `The secret ${name} has fewer than ${SECRET_CHARACTERS_MIN} characters and cannot be told from other output.`;
    return [faultAt(at, what, "Use a longer one, or pass it under `env` if it is none.")];
  });
}

/** A fleet takes fewer and shorter capabilities than a session does. */
function routed(plan: ParsedPlan): readonly PathFault[] {
  if (plan.routing === "load") {
    if (plan.h1_router_url === undefined) return [];
    const what = "h1_router_url is given, and routing is load.";
    return [faultAt(["h1_router_url"], what, "Write routing: h1 as well, or leave it out.")];
  }
  return (["agents", "tasks"] as const).flatMap((kind) =>
    plan[kind].flatMap(({ capabilities }, index) => {
      const isLong = capabilities.some((one) => one.length > CAPABILITY_LENGTH_MAX);
      if (capabilities.length <= CAPABILITIES_MAX && !isLong) return [];
      const what = `With routing: h1 there may be ${CAPABILITIES_MAX} capabilities of ${CAPABILITY_LENGTH_MAX} characters.`;
      return [faultAt([kind, index, "capabilities"], what, "Write fewer or shorter ones.")];
    }),
  );
}

/** What the session and each task is recorded with must fit into an event, beside some KiB of the event's own. */
const DATA_BYTES_MAX = EVENT_BYTES_MAX - 8 * 1024;

function recorded(plan: ParsedPlan): readonly PathFault[] {
  const { name, agent_id, tags, metadata, scout_room, plato_url } = plan;
  return [
    ...fitting(["metadata"], metadata, { name, agent_id, tags, scout_room, plato_url }),
    ...plan.tasks.flatMap(({ data, capabilities }, index) =>
      fitting(["tasks", index, "data"], data, { capabilities }),
    ),
  ];
}

/** Plain data, and with what is recorded beside it not too much. */
function fitting(at: PlanPath, value: unknown, beside: object): readonly PathFault[] {
  try {
    assertPlainJson(value, at.join("."));
  } catch (cause) {
    const what = cause instanceof HolodeckError ? cause.what : String(cause);
    return [faultAt(at, what, "Write plain data: texts, finite numbers, true, false, null, lists and keys.")];
  }
  const bytes = Buffer.byteLength(JSON.stringify({ value, beside }));
  if (bytes <= DATA_BYTES_MAX) return [];
  const what = `${pathText(at)}, with what is recorded beside it, has ${bytes} bytes; the limit is ${DATA_BYTES_MAX}.`;
  return [faultAt(at, what, "Write it into a file, and the file's path here.")];
}
