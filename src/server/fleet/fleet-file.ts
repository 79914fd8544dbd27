// A fleet as a person writes it, YAML with the keys routers in the field read: `router`, `agents`, `tasks`, `plato`.
// Loading it again changes nothing that is as it says; a task is registered once, so what was completed stays so.
import { parseDocument } from "yaml";
import { z } from "zod";
import { HolodeckError } from "../../event/error.ts";
import type { SettingsAsked } from "../../fleet/fleet-facts.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { roomNameFault } from "../../tile/room-name.ts";
import { pathText } from "../../run/plan-source.ts";
import { DEFAULT_FLEET, type Fleets } from "./fleets.ts";

/** The most characters of a fleet's file. */
export const FLEET_FILE_CHARACTERS_MAX = 32 * 1024 * 1024;

/** How many commands are given at a time: they share appends. */
const AT_ONCE = 256;

const id = z.string().min(1).max(256);
const capabilities = z.array(z.string().min(1).max(64)).max(64).default([]);

const isRoom = (name: string): boolean => roomNameFault(name) === null;

const agentShape = z.strictObject({
  id,
  capabilities,
  /** The most tasks at a time; left out: no limit. */
  capacity: z.int().min(0).max(1_000_000).nullish(),
  /** Unregistered when not heard from for so long; left out: never. */
  heartbeat_seconds: z.int().min(1).max(86_400).nullish(),
});

const shape = z.strictObject({
  /** Which fleet; default `default`. */
  fleet: z.string().default(DEFAULT_FLEET),
  router: z
    .strictObject({
      emergence_threshold_offset: z.int().min(-1_000_000).max(1_000_000).optional(),
      min_confidence: z.number().min(0).max(1).optional(),
      /** Read by others; here looking ahead is exact over the tasks it is asked about, so there is nothing to set. */
      lookahead_steps: z.int().min(0).optional(),
    })
    .prefault({}),
  agents: z.array(agentShape).default([]),
  tasks: z.array(z.strictObject({ id, required_capabilities: capabilities })).default([]),
  plato: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).optional(),
      alert_room: z.string().refine(isRoom, "Use names parted by single slashes.").optional(),
    })
    .prefault({}),
});

type Written = z.infer<typeof shape>;

export interface FleetFile {
  readonly fleet: string;
  readonly settings: SettingsAsked;
  readonly agents: Written["agents"];
  readonly tasks: Written["tasks"];
}

/** Throws `invalid_argument` with every fault; `name` is the file's, for messages. */
export function parseFleetFile(text: string, name: string): FleetFile {
  const refuse = (faults: readonly string[]): HolodeckError =>
    new HolodeckError("invalid_argument", {
      what: `${name} is not a fleet:\n${faults.slice(0, 20).join("\n")}\n`,
      todo: "Correct it; docs/fleet.md shows one. Nothing has been started.",
    });
  if (text.length > FLEET_FILE_CHARACTERS_MAX)
    throw refuse([`It has more than ${FLEET_FILE_CHARACTERS_MAX} characters.`]);
  const parsed = shape.safeParse(readYaml(text, refuse) ?? {});
  if (!parsed.success) throw refuse(parsed.error.issues.map(faultText));
  const { fleet, router, agents, tasks, plato } = parsed.data;
  const settings: SettingsAsked = {
    ...(router.emergence_threshold_offset !== undefined && { offset: router.emergence_threshold_offset }),
    ...(router.min_confidence !== undefined && { min_confidence: router.min_confidence }),
    ...(plato.url !== undefined && { plato_url: plato.url }),
    ...(plato.alert_room !== undefined && { room: plato.alert_room }),
  };
  return { fleet, settings, agents, tasks };
}

/** Registers what the file names and the fleet has not. Refusals, such as an id that is taken, are thrown. */
export async function loadFleetFile(fleets: Fleets, { fleet, agents, tasks }: FleetFile): Promise<void> {
  const { state } = await fleets.now(fleet);
  const missing = agents.filter((agent) => !isRegistered(state, agent));
  await inTurns(missing, async ({ id: agent_id, capabilities: has, capacity, heartbeat_seconds }) => {
    const limits = { capacity: capacity ?? null, heartbeat_seconds: heartbeat_seconds ?? null };
    const agent = { agent_id, capabilities: has, ...limits };
    await fleets.execute(fleet, { type: "register_agent", ...agent });
  });
  await inTurns(tasks, async ({ id: task_id, required_capabilities }) => {
    const task = { task_id, required_capabilities };
    await fleets.execute(fleet, { type: "register_task", ...task }, `file:${task_id}`);
  });
}

function isRegistered({ selection, heartbeats }: FleetState, agent: Written["agents"][number]): boolean {
  if (!selection.has(agent.id)) return false;
  const wanted = [...new Set(agent.capabilities)].sort();
  return (
    JSON.stringify(selection.capabilities(agent.id)) === JSON.stringify(wanted) &&
    selection.capacity(agent.id) === (agent.capacity ?? null) &&
    (heartbeats.get(agent.id) ?? null) === (agent.heartbeat_seconds ?? null)
  );
}

async function inTurns<Item>(items: readonly Item[], give: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE)
    await Promise.all(items.slice(from, from + AT_ONCE).map(give));
}

function readYaml(text: string, refuse: (faults: readonly string[]) => HolodeckError): unknown {
  try {
    const document = parseDocument(text, { schema: "core" });
    const faults = [...document.errors, ...document.warnings].map(({ message }) => message);
    if (faults.length > 0) throw refuse(faults);
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    if (cause instanceof HolodeckError) throw cause;
    throw refuse([cause instanceof Error ? cause.message : String(cause)]);
  }
}

function faultText({
  path,
  message,
}: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}): string {
  const where = pathText(path.map((part) => (typeof part === "number" ? part : String(part))));
  return where === "" ? message : `${where}: ${message}`;
}
