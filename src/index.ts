// The public names, one by one.
export { HolodeckError, type ErrorCode } from "./event/error.ts";
export type { Clock, Boot, ClockChange } from "./event/clock.ts";
export type {
  Aggregate,
  Decider,
  Decision,
  Happened,
  Moment,
  Refusal,
  SnapshotForm,
  Timed,
} from "./event/decider.ts";
export {
  EVENT_BYTES_MAX,
  streamId,
  streamKey,
  streamKind,
  type EncodedEvent,
  type Event,
  type Fact,
  type Hash,
  type StreamId,
} from "./event/event.ts";
export { fold, type Folded } from "./event/fold.ts";
export { JSON_DEPTH_MAX, type Json, type JsonObject } from "./event/json.ts";
export type { EventLog, Head, Snapshot, StoredEvent, TailPage, TailPlace } from "./event/log.ts";
export { Reactor, type ReactorOptions } from "./event/reactor.ts";
export { Runtime, type Executed, type News, type RuntimeOptions, type Untimed } from "./event/runtime.ts";
export { articulation, type Articulation } from "./fleet/articulation.ts";
export { fundamentalCycles } from "./fleet/cycles.ts";
export type {
  FleetCommand,
  FleetFact,
  RouteAsked,
  RoutingDecision as FleetDecision,
  RoutingPolicy,
} from "./fleet/fleet-facts.ts";
export type { FleetState } from "./fleet/fleet-state.ts";
export { fleetStatus, h1Snapshot, type FleetStatus, type H1Snapshot } from "./fleet/fleet-view.ts";
export { loops, type GraphCounts } from "./fleet/graph.ts";
export { MemoryFleet } from "./fleet/memory-fleet.ts";
export { plainGraph } from "./fleet/plain-graph.ts";
export { createFleet } from "./fleet/router.ts";
export {
  PlatoTileEmitter,
  Session,
  SessionManager,
  type ManagerOptions,
  type TargetChoice,
} from "./local.ts";
export type { AgentKind } from "./session/agent-kind.ts";
export type { AgentCompletion } from "./session/agent-completion.ts";
export type { AgentObject } from "./session/agent-object.ts";
export type { AgentSession, AgentWorkContext } from "./session/agent-session.ts";
export type { AgentContext, AttachOptions } from "./session/attach.ts";
export {
  persist,
  watch,
  type Field,
  type FieldOptions,
  type Fields,
  type Schema,
  type Values,
} from "./omni/field.ts";
export { OmniKind, type AuditEntry, type Omni, type OmniPorts } from "./omni/omni-kind.ts";
export type { FieldChange, FieldGuard, OmniObject } from "./omni/omni-object.ts";
export type { EmergenceAlert, ResolvedConfig, SessionConfig } from "./session/config.ts";
export type { DecisionMade, RecordAllows } from "./session/decisions.ts";
export type {
  ArtifactReference,
  ProcessIdentity,
  Retries,
  SessionEvent,
  TaskRecord,
} from "./session/events.ts";
export type { Processes, Random } from "./session/host.ts";
export type {
  Identities,
  IdentityInput,
  RoleInput,
  Roles,
  StoredIdentity,
  StoredRole,
} from "./session/identities.ts";
export type { Introspection, PresentAgent } from "./session/introspection.ts";
export type { SessionFilter, SessionPage, SessionSummary } from "./session/list.ts";
export type { ManagedObjects } from "./session/managed-objects.ts";
export type { RouteOptions } from "./session/manager.ts";
export type { StartOptions } from "./session/start.ts";
export type { ResumeOptions } from "./session/resume.ts";
export type { ForkOptions } from "./session/fork.ts";
export { SessionOutcome, TaskOutcome, TaskPriority } from "./session/outcome.ts";
export type { PastSession } from "./session/past-view.ts";
export { PATTERNS } from "./session/patterns.ts";
export type { PersistedSession } from "./session/persist.ts";
export type { ChangeOptions, Policies, StoredPolicy } from "./session/policies.ts";
export type { ManagerMetrics, ManagerPorts } from "./session/ports.ts";
export type { SessionDecision, SessionReplay } from "./session/replay.ts";
export { partResource, type SessionPart } from "./session/resource.ts";
export type { Retain } from "./session/retain.ts";
export type {
  H1Status,
  RoutedTask,
  RouterAgent,
  RouterAlert,
  RouteRequest,
  RoutingDecision,
  TaskRouter,
} from "./session/router.ts";
export type { TilePorts, WebhookPorts } from "./session/sending.ts";
export type { SessionListener } from "./session/owned-session.ts";
export type { SessionView } from "./session/session-view.ts";
export type { SessionSnapshot, TaskSnapshot } from "./session/snapshots.ts";
export type { TrustOptions } from "./session/start-trust.ts";
export type { ForkedFrom } from "./session/state.ts";
export type { TaskOptions } from "./session/task-options.ts";
export type { CompleteOptions, HeartbeatOptions, Task, TaskCompletion } from "./session/task.ts";
export type { TrustChange } from "./session/trust-audit.ts";
export type { TrustPage, TrustPageOptions, TrustSummary } from "./session/trust-list.ts";
export { withTrace } from "./session/trace-context.ts";
export type { WorkContext } from "./session/work.ts";
export { openStore } from "./store/open.ts";
export type {
  HeadFilter,
  Page,
  PageRequest,
  PrunedEvent,
  RoomSummary,
  Store,
  StoredBlob,
  StoredHead,
} from "./store/port.ts";
export { verifyStore } from "./store/verify.ts";
export { SessionMetrics } from "./telemetry/metrics.ts";
export type { Routing, TaskTotals } from "./tile/session-tiles.ts";
export type { DeliveryMetrics } from "./tile/errand.ts";
export type { SinkAnswer, Submission, TileSink } from "./tile/sink.ts";
export { tileOf, type Tile } from "./tile/tile.ts";
export { TileEmitter, type EmittedSession, type EmittedTask } from "./tile/tile-emitter.ts";
export { exportCedar, type CedarExport } from "./trust/cedar-export.ts";
export { loadCedarPolicy, type CedarSource } from "./trust/cedar-policy.ts";
export type { Decision as PolicyDecision, PolicyEngine, PolicyRequest, Resource } from "./trust/decision.ts";
export { parseIdentity, type Identity } from "./trust/identity.ts";
export { resourceId } from "./trust/name.ts";
export type { Delivery, Mask, Obligation } from "./trust/obligation.ts";
export { ATTACHED_ROLE, sessionResource, taskResource } from "./trust/owner-policy.ts";
export { compilePolicy, Policy } from "./trust/policy.ts";
export type { DecisionDifference, RecordedDecision } from "./trust/replay.ts";
export type { Role } from "./trust/role.ts";
export type { Effect, Statement } from "./trust/statement.ts";
export type { WebhookKind, WebhookPost } from "./webhook/kinds.ts";
export { verifyWebhook, type VerifiedWebhook, type VerifyWebhook } from "./webhook/verify.ts";
export type { WebhookOptions } from "./webhook/webhook.ts";
