// What a session's handle asks for, as a request of /v1: the path, and a body in snake_case.
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import type { Untimed } from "../event/runtime.ts";
import type { AttachAgent, CompleteTask, SessionCommand } from "../session/commands.ts";
import type { ProcessIdentity } from "../session/events.ts";

/** Below the session's own path. */
export interface CommandRequest {
  readonly path: string;
  readonly body: JsonObject;
}

/** Stands for a process of which the server's machine knows nothing: that of this client. */
export const ELSEWHERE: ProcessIdentity = { host: "", boot_id: "", pid: 0, start_time: "" };

/** Throws `unsupported` for what a server does itself, or cannot be told from outside. */
export function requestOf(command: Untimed<SessionCommand>): CommandRequest {
  switch (command.type) {
    case "add_task": {
      const { taskId, data, priority, requiredCapabilities, agentId, timeoutSeconds, retries } = command;
      const told = { agent_id: agentId, timeout_seconds: timeoutSeconds, retries };
      const body = { task_id: taskId, data, priority, required_capabilities: requiredCapabilities };
      return { path: "/tasks", body: { ...body, ...given(told) } };
    }
    case "start_task": {
      const { taskId, agentId, process } = command;
      const told = { agent_id: agentId, process: process === ELSEWHERE ? null : process };
      return { path: pathOf(taskId, "start"), body: given(told) };
    }
    case "note_heartbeat": {
      const { taskId, attempt, note } = command;
      return { path: pathOf(taskId, "heartbeat"), body: given({ attempt, note }) };
    }
    case "complete_task":
      return { path: pathOf(command.taskId, "complete"), body: completionOf(command) };
    case "end_session": {
      const { outcome, error } = command;
      return { path: "/end", body: { outcome, ...given({ error }) } };
    }
    case "attach_agent":
      return { path: "/agents", body: agentOf(command) };
    case "detach_agent":
      return { path: agentPath(command.agentId, "detach"), body: given({ reason: command.reason }) };
    case "heartbeat_agent":
      return { path: agentPath(command.agentId, "heartbeat"), body: {} };
    case "revoke_role":
      return { path: `/roles/${encodeURIComponent(command.roleId)}/revoke`, body: {} };
    default:
      throw unsupported(`${command.type.replaceAll("_", " ")} is not done through a client.`);
  }
}

function agentOf(command: Untimed<AttachAgent>): JsonObject {
  const { agentId, nickname, metadata, kind, gyreId, roles, capabilities, heartbeatSeconds } = command;
  const told = { roles, gyre: gyreId, heartbeat_seconds: heartbeatSeconds };
  return { agent_id: agentId, nickname, metadata, kind, capabilities, ...given(told) };
}

function completionOf({
  outcome,
  durationMs,
  error,
  attempt,
  record,
  ...rest
}: Untimed<CompleteTask>): JsonObject {
  const { exit_code: exitCode, ...beside } = record;
  const [first] = Object.keys(beside);
  if (first !== undefined) throw unsupported(`A record's ${first} cannot be told by a client.`);
  const told = { duration_ms: durationMs, error, attempt, exit_code: exitCode ?? null };
  return { outcome, ...given(told), ...(rest.result !== undefined && { result: rest.result }) };
}

export function unsupported(what: string): HolodeckError {
  return new HolodeckError("unsupported", {
    what,
    todo: "Do it where the store is, with a SessionManager that opens it.",
  });
}

function pathOf(taskId: string, verb: string): string {
  return `/tasks/${encodeURIComponent(taskId)}/${verb}`;
}

function agentPath(agentId: string, verb: string): string {
  return `/agents/${encodeURIComponent(agentId)}/${verb}`;
}

/** Without what is null: it is left out for its default. */
function given(told: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null));
}
