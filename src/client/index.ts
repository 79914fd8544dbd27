// `holodeck-session-manager/client`: sessions of a server, for Node and browsers. Nothing is needed beside it.
export { HolodeckError, type ErrorCode } from "../event/error.ts";
export type { Json, JsonObject } from "../event/json.ts";
export type { EmergenceAlert, SessionConfig } from "../session/config.ts";
export type { SessionFilter, SessionPage, SessionSummary } from "../session/list.ts";
export { SessionOutcome, TaskOutcome, TaskPriority } from "../session/outcome.ts";
export type { PastSession } from "../session/past-view.ts";
export type { PersistedSession } from "../session/persist.ts";
export type { H1Status, RoutingDecision } from "../session/router.ts";
export type { RouteOptions } from "../session/manager.ts";
export type { SessionListener } from "../session/owned-session.ts";
export type { StartTaskOptions, WorkingSession as Session } from "../session/working-session.ts";
export type { TaskOptions } from "../session/task-options.ts";
export type { CompleteOptions, HeartbeatOptions, Task, TaskCompletion } from "../session/task.ts";
export type { WorkContext } from "../session/work.ts";
export { tileOf, type Tile } from "../tile/tile.ts";
export type { ServerChoice } from "./connection.ts";
export { SessionManager, type ClientConfig, type ResumeOptions, type StartOptions } from "./manager.ts";
