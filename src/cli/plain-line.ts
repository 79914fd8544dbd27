// An event as one line for people: when, what type, whose, and what it says.
import { streamKind, type Event } from "../event/event.ts";
import type { RecordKept, SessionEvent } from "../session/events.ts";
import type { Palette } from "./ansi.ts";
import { count, formatClock, formatDuration } from "./format.ts";
import { cut, fit, printable } from "./printable.ts";
import { styleStatus } from "./status-style.ts";

/** A session's event with its time. */
export type TimedEvent = SessionEvent & Pick<Event, "at">;

const TYPE_WIDTH = 15;
const TASK_WIDTH = 12;
const WHAT_WIDTH = 200;

/** `22:45:03  task_started     lines         attempt 1 by counter` */
export function plainLine(event: TimedEvent, colors: Palette): string {
  const { task_id: taskId } = event.data;
  return line(event, { taskId: typeof taskId === "string" ? taskId : "", what: whatOf(event) }, colors);
}

/** The same of any stored event; one that is not a session's shows its data. */
export function storedLine(event: Event, colors: Palette): string {
  // The streams of sessions hold the events of sessions alone.
  if (streamKind(event.stream) === "session") return plainLine(event as unknown as TimedEvent, colors);
  return line(event, { taskId: "", what: JSON.stringify(event.data) }, colors);
}

function line(
  { at, type }: Pick<Event, "at" | "type">,
  { taskId, what }: { readonly taskId: string; readonly what: string },
  colors: Palette,
): string {
  const shown = cut(printable(what), WHAT_WIDTH);
  const [first = "", ...rest] = shown.split(" ");
  const isOutcome = type.endsWith("_ended");
  const styled = isOutcome ? [styleStatus(first, colors), ...rest].join(" ") : shown;
  const place = fit(printable(taskId), Math.max(TASK_WIDTH, printable(taskId).length));
  return `${colors.dim(formatClock(at))}  ${fit(printable(type), TYPE_WIDTH)}  ${place}  ${styled}`.trimEnd();
}

function whatOf(event: TimedEvent): string {
  switch (event.type) {
    case "session_started": {
      const { session_name, session_id, agent_id, max_tasks, session_timeout_seconds } = event.data;
      const limits = `at most ${count(max_tasks, "task")}, ${formatDuration(session_timeout_seconds * 1_000)}`;
      return `${session_name} ${session_id} by ${agent_id}, ${limits}`;
    }
    case "session_forked":
      return `from ${event.data.from_session_id} after its event ${event.data.from_seq}`;
    case "session_resumed":
      return `by process ${event.data.process.pid} on ${event.data.process.host}`;
    case "clock_set":
      return `the machine's clock was set by ${event.data.by_ms} ms`;
    case "task_carried": {
      const { attempt, end } = event.data;
      return `${end?.outcome ?? "pending"} there, after ${count(attempt, "attempt")}`;
    }
    case "task_added":
      return addedOf(event);
    case "task_routed": {
      const { agent_id, h1_before, h1_after } = event.data.routing;
      return `to ${agent_id}, β₁ ${h1_before} → ${h1_after}`;
    }
    case "routing_fell_back":
      return `load decided: ${event.data.router} ${event.data.reason}`;
    case "task_started":
      return `attempt ${event.data.attempt} by ${event.data.agent_id}`;
    case "task_heartbeat":
      return event.data.note ?? `attempt ${event.data.attempt} goes on`;
    case "record_kept":
      return keptOf(event.data);
    case "session_error":
      return event.data.error;
    case "emergence_alert":
      return `β₁=${event.data.h1} > ${event.data.threshold}: ${event.data.recommendation}`;
    case "blobs_pruned":
      return "its blobs were let go of; its events are kept";
    case "pruned":
      return `events ${event.data.from} to ${event.data.to} were let go of; their hashes are kept`;
    case "attempt_ended":
    case "task_ended":
    case "session_ended":
      return endOf(event);
    default:
      return trustOf(event);
  }
}

function addedOf({ data }: Extract<TimedEvent, { readonly type: "task_added" }>): string {
  const { agent_id, priority, required_capabilities } = data;
  const parts = [
    ...(agent_id === undefined ? [] : [`for ${agent_id}`]),
    ...(priority === "normal" ? [] : [`priority ${priority}`]),
    ...(required_capabilities.length === 0 ? [] : [`needs ${required_capabilities.join(", ")}`]),
  ];
  return parts.join(", ");
}

/** `attempt 1: 4,096 bytes of output, 2 artifacts` */
function keptOf({ attempt, output, artifacts = [], artifacts_blob: list }: RecordKept): string {
  const files = list?.preview ?? (artifacts.length === 0 ? null : count(artifacts.length, "artifact"));
  const parts = [...(output === undefined ? [] : [`${count(output.bytes, "byte")} of output`]), files ?? []];
  return `attempt ${attempt}: ${parts.flat().join(", ") || "its exit code"}`;
}

type TrustEvent = Extract<
  TimedEvent,
  {
    readonly type: "roles_negotiated" | "role_revoked" | "route_freed" | "object_managed" | `agent_${string}`;
  }
>;

function trustOf(event: TrustEvent): string {
  switch (event.type) {
    case "roles_negotiated": {
      const { granted, refused } = event.data;
      const without = refused.length === 0 ? "" : `; not ${refused.map(({ role_id }) => role_id).join(", ")}`;
      return `granted ${granted.length === 0 ? "none" : granted.join(", ")}${without}`;
    }
    case "role_revoked":
      return `${event.data.role_id} is no role of it any more`;
    case "agent_attached": {
      const { agent_id, kind, gyre_id } = event.data;
      return `${agent_id}, ${kind}${gyre_id === undefined ? "" : ` of ${gyre_id}`}`;
    }
    case "agent_detached":
      return event.data.agent_id + (event.data.reason === undefined ? "" : `: ${event.data.reason}`);
    case "route_freed":
      return `by ${event.data.router}: its agent has left`;
    case "object_managed":
      return event.data.key;
    case "agent_heartbeat":
    case "agent_disconnected":
      return event.data.agent_id;
  }
}

function endOf(
  event: Extract<TimedEvent, { readonly type: "attempt_ended" | "task_ended" | "session_ended" }>,
): string {
  const { outcome, duration_ms } = event.data;
  const took = `${outcome} after ${formatDuration(duration_ms)}`;
  const why = event.data.error === undefined ? "" : `: ${event.data.error}`;
  if (event.type === "task_ended") {
    const { result } = event.data;
    return why === "" && result !== undefined ? `${took}: ${JSON.stringify(result)}` : took + why;
  }
  if (event.type === "attempt_ended") {
    // A lost one is followed when somebody goes on: at once in a run that goes on, else with the next resume.
    const when = outcome === "lost" ? "" : ` at ${formatClock(event.data.retry_at)}`;
    return `${took}${why}; attempt ${event.data.attempt}, another follows${when}`;
  }
  const { tasks, patterns } = event.data;
  const shown = patterns.length === 0 ? "" : `; ${patterns.join(", ")}`;
  return `${took}${why}: ${tasks.succeeded} of ${count(tasks.total, "task")} succeeded${shown}`;
}
