// What a fleet's command may hold. A fault is a refusal that names the member and what to write instead.
import type { Refusal } from "../event/decider.ts";
import type { FleetCommand, SettingsAsked } from "./fleet-facts.ts";

const ID_LENGTH_MAX = 256;
/** The longest capability, and the most an agent has or a task asks for. */
export const CAPABILITY_LENGTH_MAX = 64;
export const CAPABILITIES_MAX = 64;
const PREFERRED_MAX = 64;
const CAPACITY_MAX = 1_000_000;
const HEARTBEAT_SECONDS_MAX = 86_400;
const OFFSET_MAX = 1_000_000_000;

/** The most agents one task may ask for at a time. */
export const AGENTS_NEEDED_MAX = 16;

/** A task's vertex is its session's id and its own. */
const KEY_LENGTH_MAX = 2 * ID_LENGTH_MAX + 1;

const PRINTABLE = /^[^\p{Cc}]+$/u;

/** The first thing wrong with a command; null when it may be decided. */
export function faultOf(command: FleetCommand): Refusal | null {
  switch (command.type) {
    case "register_agent":
      return (
        faultOfId("agent_id", command.agent_id) ??
        faultOfNames("capabilities", command.capabilities) ??
        faultOfNumber("capacity", command.capacity ?? null, 0, CAPACITY_MAX) ??
        faultOfNumber("heartbeat_seconds", command.heartbeat_seconds ?? null, 1, HEARTBEAT_SECONDS_MAX)
      );
    case "register_task":
      return faultOfTask(command) ?? faultOfNames("required_capabilities", command.required_capabilities);
    case "route":
      return (
        faultOfTask(command) ??
        faultOfNames("required_capabilities", command.required_capabilities) ??
        faultOfPreferred(command.prefer_agents) ??
        faultOfNumber("agents_needed", command.agents_needed ?? null, 1, AGENTS_NEEDED_MAX)
      );
    case "confirm":
    case "complete":
      return faultOfTask(command);
    case "add_edge":
    case "remove_edge":
      return faultOfId("a", command.a, KEY_LENGTH_MAX) ?? faultOfId("b", command.b, KEY_LENGTH_MAX);
    case "add_resource":
    case "remove_resource":
      return faultOfId("resource_id", command.resource_id);
    case "unregister_agent":
    case "heartbeat":
    case "agent_timeout":
      return faultOfId("agent_id", command.agent_id);
    case "configure":
      return faultOfSettings(command);
    case "reset":
    case "expire":
      return null;
  }
}

function faultOfSettings({ offset = 0, room, min_confidence = 0 }: SettingsAsked): Refusal | null {
  if (!(min_confidence >= 0 && min_confidence <= 1)) {
    return refuse(`min_confidence is ${min_confidence}.`, "Give min_confidence a number from 0 to 1.");
  }
  if (room !== undefined && room !== null && !isName(room, ID_LENGTH_MAX)) {
    return refuse("room is not a room's name.", "Give room 1 to 256 printable characters.");
  }
  return faultOfNumber("offset", offset, -OFFSET_MAX, OFFSET_MAX);
}

function faultOfTask(name: { readonly task_id: string; readonly session_id?: string }): Refusal | null {
  const fault = faultOfId("task_id", name.task_id);
  if (fault !== null || name.session_id === undefined) return fault;
  return faultOfId("session_id", name.session_id);
}

function faultOfId(member: string, id: string, length = ID_LENGTH_MAX): Refusal | null {
  if (isName(id, length)) return null;
  return refuse(`${member} is not an id.`, `Give ${member} 1 to ${length} printable characters.`);
}

function faultOfNames(member: string, names: readonly string[] = []): Refusal | null {
  if (names.length <= CAPABILITIES_MAX && names.every((name) => isName(name, CAPABILITY_LENGTH_MAX))) {
    return null;
  }
  return refuse(
    `${member} is not a list of capabilities.`,
    `Give ${member} at most ${CAPABILITIES_MAX} names of 1 to ${CAPABILITY_LENGTH_MAX} printable characters.`,
  );
}

function faultOfPreferred(names: readonly string[] = []): Refusal | null {
  if (names.length <= PREFERRED_MAX && names.every((name) => isName(name, ID_LENGTH_MAX))) return null;
  return refuse(
    "prefer_agents is not a list of agents.",
    `Give prefer_agents at most ${PREFERRED_MAX} agent ids.`,
  );
}

function faultOfNumber(member: string, value: number | null, least: number, most: number): Refusal | null {
  if (value === null || (Number.isSafeInteger(value) && value >= least && value <= most)) return null;
  return refuse(`${member} is ${value}.`, `Give ${member} a whole number from ${least} to ${most}.`);
}

function isName(name: string, length: number): boolean {
  return name.length <= length && PRINTABLE.test(name) && name.isWellFormed();
}

function refuse(what: string, todo: string): Refusal {
  return { code: "invalid_argument", what, todo };
}
