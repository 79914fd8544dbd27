// A session as an agent may use it. Every call is judged when it is made, under the agent's name: what is denied
// changes nothing and shows nothing, and is refused with `denied`. What is shown are copies. docs/policy.md lists the
// action and the resource each call asks for.
import type { Event, StreamId } from "../event/event.ts";
import type { Json } from "../event/json.ts";
import type { Fields } from "../omni/field.ts";
import type { OmniKind } from "../omni/omni-kind.ts";
import type { PolicyEngine } from "../trust/decision.ts";
import { inheritedRoles } from "../trust/negotiation.ts";
import { sessionResource, taskResource } from "../trust/owner-policy.ts";
import type { Tile } from "../tile/tile.ts";
import { COMPLETION, COMPLETION_ACTIONS, type AgentCompletion } from "./agent-completion.ts";
import { AgentObject } from "./agent-object.ts";
import { Asker } from "./asker.ts";
import { besideTheAgent, checkAttach, type AttachOptions } from "./attach.ts";
import type { ArtifactReference, SessionEvent } from "./events.ts";
import type { ForkOptions } from "./fork.ts";
import type { Guard } from "./guard.ts";
import type { SessionHost } from "./host.ts";
import { checkFunction, checkKeys, checkOneOf, checkText, invalid } from "./input.ts";
import type { Introspection } from "./introspection.ts";
import { TASK_OUTCOMES, type SessionOutcome, type TaskOutcome } from "./outcome.ts";
import { ObjectSession } from "./managed-objects.ts";
import { persistedOf, type PersistedSession } from "./persist.ts";
import type { Presence } from "./presence.ts";
import { judgedAs } from "./principal.ts";
import type { SessionDecision, SessionReplay } from "./replay.ts";
import { objectResource, partResource } from "./resource.ts";
import type { OwnedSession, SessionListener } from "./owned-session.ts";
import { sessionSnapshot, taskSnapshot, type SessionSnapshot, type TaskSnapshot } from "./snapshots.ts";
import type { HeartbeatOptions, Task } from "./task.ts";
import type { TaskOptions } from "./task-options.ts";
import type { WorkResult } from "./work-result.ts";
import { runWork, type WorkContext } from "./work.ts";

/** What an agent's work is given: the task as it stood when the attempt began. */
export interface AgentWorkContext extends Omit<WorkContext, "task"> {
  readonly task: TaskSnapshot;
}

interface AgentSessionParts {
  readonly agentId: string;
  /** The owner's handle: what is allowed is done through it. */
  readonly session: OwnedSession<AgentSession>;
  readonly guard: Guard;
  readonly presence: Presence;
  readonly host: SessionHost;
}

export class AgentSession {
  readonly #parts: AgentSessionParts;
  readonly #asker: Asker;

  /** Made by `session.attachAgent` and `session.as`. */
  constructor(parts: AgentSessionParts) {
    this.#parts = parts;
    this.#asker = new Asker(parts);
  }

  /** Under whose name calls are judged. */
  get agentId(): string {
    return this.#parts.agentId;
  }

  get sessionId(): string {
    return this.#parts.session.sessionId;
  }

  /** The session without its tasks. */
  async state(): Promise<SessionSnapshot> {
    await this.#ask("read", this.#session);
    return sessionSnapshot(this.#parts.session);
  }

  /** The tasks it may read, in the order they came. */
  async tasks(): Promise<readonly TaskSnapshot[]> {
    await this.#ask("list", this.#part("tasks"));
    const { tasks } = this.#parts.session;
    return (await this.#asker.readable(tasks, ({ taskId }) => this.#task(taskId))).map(taskSnapshot);
  }

  /** Undefined when there is no such task, for who may read it if there were. */
  async task(taskId: string): Promise<TaskSnapshot | undefined> {
    await this.#ask("read", this.#task(taskId));
    const task = this.#parts.session.getTask(taskId);
    return task === undefined ? undefined : taskSnapshot(task);
  }

  /** As `session.addTask`; it can be read by who may read it. */
  async addTask(taskId: string, data: Json = null, options: TaskOptions = {}): Promise<void> {
    await this.#ask("add", this.#task(taskId));
    await this.#parts.session.addTask(taskId, data, options);
  }

  /** Starts an attempt, under its own name. Answers which it is. */
  async startTask(taskId: string): Promise<{ readonly attempt: number }> {
    return { attempt: (await this.#start(taskId)).attempts };
  }

  /** As `session.heartbeat`: the work goes on. */
  async heartbeat(taskId: string, options: HeartbeatOptions = {}): Promise<void> {
    await this.#beat(taskId, options);
  }

  /** As `session.completeTask`. */
  async completeTask(taskId: string, outcome: TaskOutcome, options: AgentCompletion = {}): Promise<void> {
    await this.#complete(taskId, outcome, options);
  }

  /** As `session.run`; the work sees the task as it stood when the attempt began. */
  async run<Result extends WorkResult<Result>>(
    taskId: string,
    work: (context: AgentWorkContext) => Promise<Result> | Result,
  ): Promise<Result> {
    checkFunction(work, "work");
    await this.#ask("read", this.#task(taskId));
    const { session, presence, host } = this.#parts;
    const asAgent = {
      sessionId: this.sessionId,
      agentId: this.agentId,
      get status() {
        return session.status;
      },
      startTask: async (id: string) => await this.#start(id),
      heartbeat: async (id: string, options?: HeartbeatOptions) => await this.#beat(id, options ?? {}),
      completeTask: async (id: string, outcome: TaskOutcome, options?: AgentCompletion) =>
        await this.#complete(id, outcome, options ?? {}),
      readResult: async (id: string) => await this.readResult(id),
      readArtifacts: async (id: string) => await this.readArtifacts(id),
    };
    const shown = (context: WorkContext) => work({ ...context, task: taskSnapshot(context.task) });
    // A `WorkResult` is JSON by its members, which is what is kept; the compiler cannot conclude that.
    const json = shown as (context: WorkContext) => Promise<Json | void> | Json | void;
    const { clock } = host;
    return (await runWork({
      session: asAgent,
      clock,
      underway: presence.work,
      taskId,
      work: json,
    })) as Result;
  }

  /** As `session.loseAttempt`. */
  async loseAttempt(taskId: string, reason: string): Promise<void> {
    await this.#ask("lose", this.#task(taskId));
    await this.#parts.session.loseAttempt(taskId, reason);
  }

  /** A task's result, also one too large for an event; undefined when there is none. */
  async readResult(taskId: string): Promise<Json | undefined> {
    await this.#ask("read", this.#task(taskId));
    return structuredClone(await this.#parts.session.readResult(taskId));
  }

  /** The files that were kept of a task's work. */
  async readArtifacts(taskId: string): Promise<readonly ArtifactReference[]> {
    await this.#ask("read", this.#task(taskId));
    return structuredClone(await this.#parts.session.readArtifacts(taskId));
  }

  /** The session's events, those after `afterSeq`. Each is judged before it is read. */
  async *events(options: { readonly afterSeq?: number } = {}): AsyncGenerator<Event> {
    const events = this.#parts.session.events(options);
    for (;;) {
      await this.#ask("read", this.#part("events"));
      const next = await events.next();
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** The session's tiles, in order. */
  async tiles(): Promise<readonly Tile[]> {
    await this.#ask("read", this.#part("tiles"));
    return await this.#parts.session.tiles();
  }

  /** As `session.on`. Judged again before each event: the first that is denied ends it, in silence. */
  async on(type: SessionEvent["type"] | "change", listener: SessionListener): Promise<() => void> {
    checkFunction(listener, "listener");
    const events = this.#part("events");
    await this.#ask("listen", events);
    let isStopped = false;
    const unlisten = this.#parts.session.on(type, async (event) => {
      if (isStopped) return;
      if (await this.#asker.may("listen", events)) {
        await listener(structuredClone(event));
      } else stop();
    });
    const stop = (): void => {
      isStopped = true;
      unlisten();
    };
    return stop;
  }

  /** As `session.endSession`. */
  async endSession(
    outcome?: SessionOutcome,
    options: { readonly error?: string } = {},
  ): Promise<SessionOutcome> {
    await this.#ask("end", this.#session);
    return await this.#parts.session.endSession(outcome, options);
  }

  /** As `session.persist`. */
  async persist(): Promise<PersistedSession> {
    await this.#ask("persist", this.#session);
    const { host } = this.#parts;
    // The session alone: what its owner has changed in objects is the owner's to persist.
    return persistedOf(await host.refresh(this.sessionId));
  }

  /** The objects the session manages that it may read, by key. */
  async managed(): Promise<readonly StreamId[]> {
    await this.#ask("list", this.#part("objects"));
    return await this.#asker.readable(this.#parts.session.managed, objectResource);
  }

  /**
   * An object of the session as it may use it: each of its fields is judged when it is read or written. Throws
   * `invalid_argument` for a kind that its owner does not manage here (`session.manage`): what a field takes, and where
   * it is kept, is not the agent's to say.
   */
  object<F extends Fields>(kind: OmniKind<F>, id: string): AgentObject<F> {
    if (!this.#parts.session.managesKind(kind)) {
      const todo = "Let the session's owner call session.manage with this kind first.";
      throw invalid("kind", "none that is managed here", todo);
    }
    const session = new ObjectSession(this.#parts.host, this.sessionId);
    return new AgentObject({ kind, id: checkText(id, "id"), asker: this.#asker, session });
  }

  /** The session with all its tasks as it stood after its event `seq`. Asks for what its events would show. */
  async at(seq: number): Promise<SessionSnapshot & { readonly tasks: readonly TaskSnapshot[] }> {
    await this.#ask("read", this.#part("events"));
    const past = await this.#parts.session.at(seq);
    return { ...sessionSnapshot(past), tasks: past.tasks.map(taskSnapshot) };
  }

  /** As `session.fork`. The fork is the same owner's: whoever works in it is attached to it. */
  async fork(seq: number, options: ForkOptions = {}): Promise<{ readonly sessionId: string }> {
    await this.#ask("fork", this.#session);
    return { sessionId: (await this.#parts.session.fork(seq, options)).sessionId };
  }

  /** As `session.attachAgent`. The agent gets no role that this one has not. */
  async attachAgent(options: AttachOptions<AgentSession>): Promise<AgentSession> {
    const { agentId, guard, session } = this.#parts;
    const agent = checkAttach(options);
    const beside = besideTheAgent(options);
    await this.#ask("attach", this.#part("agents", agent.agentId));
    const granted = await guard.look(agentId, (basis) => {
      const judged = judgedAs(basis, agentId);
      return typeof judged === "string" ? [] : judged.principal.roles;
    });
    // Only what was judged: `options` are the asker's to change meanwhile.
    const { agentId: id, nickname, metadata, kind, gyreId, capabilities, heartbeatSeconds } = agent;
    return await session.attachAgent({
      identity: { id, nickname, metadata },
      roles: inheritedRoles({ granted, subset: agent.roles }),
      kind,
      ...(gyreId !== null && { gyre: gyreId }),
      capabilities,
      ...(heartbeatSeconds !== null && { heartbeatSeconds }),
      ...beside,
    });
  }

  /** As `session.detachAgent`. */
  async detachAgent(agentId: string, options: { readonly reason?: string } = {}): Promise<void> {
    await this.#ask("detach", this.#part("agents", agentId));
    await this.#parts.session.detachAgent(agentId, options);
  }

  /** It is still there. */
  async heartbeatAgent(): Promise<void> {
    const { agentId, session } = this.#parts;
    await this.#ask("heartbeat", this.#part("agents", agentId));
    await session.heartbeatAgent(agentId);
  }

  /** As `session.introspect`. */
  async introspect(): Promise<Introspection> {
    await this.#ask("introspect", this.#session);
    return await this.#parts.session.introspect();
  }

  /** As `session.revokeRole`. */
  async revokeRole(roleId: string): Promise<void> {
    await this.#ask("revoke", this.#part("roles", roleId));
    await this.#parts.session.revokeRole(roleId);
  }

  /** As `session.decisions`. Each is judged before it is read. */
  async *decisions(): AsyncGenerator<SessionDecision> {
    const decisions = this.#parts.session.decisions();
    for (;;) {
      await this.#ask("read", this.#part("decisions"));
      const next = await decisions.next();
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** As `session.replayDecisions`. */
  async replayDecisions(options: { readonly policy: string | PolicyEngine }): Promise<SessionReplay> {
    await this.#ask("replay", this.#part("decisions"));
    return structuredClone(await this.#parts.session.replayDecisions(options));
  }

  async #start(taskId: string): Promise<Task> {
    const { agentId, session } = this.#parts;
    await this.#ask("start", this.#task(taskId));
    return await session.startTask(taskId, { agentId });
  }

  async #beat(taskId: string, options: HeartbeatOptions): Promise<Task> {
    await this.#ask("progress", this.#task(taskId));
    return await this.#parts.session.heartbeat(taskId, options);
  }

  async #complete(taskId: string, outcome: TaskOutcome, options: AgentCompletion): Promise<Task> {
    checkOneOf(outcome, "outcome", TASK_OUTCOMES);
    // A record names blobs: an agent could name what it may not read, and read it as its own.
    checkKeys(options, "options", COMPLETION);
    await this.#ask(COMPLETION_ACTIONS[outcome], this.#task(taskId));
    return await this.#parts.session.completeTask(taskId, outcome, options);
  }

  async #ask(action: string, resource: string): Promise<void> {
    await this.#asker.ask(action, resource);
  }

  get #session(): string {
    return sessionResource(this.sessionId);
  }

  #task(taskId: string): string {
    return taskResource(this.sessionId, checkText(taskId, "taskId"));
  }

  #part(part: Parameters<typeof partResource>[1], id?: string): string {
    if (id === undefined) return partResource(this.sessionId, part);
    return partResource(this.sessionId, part, checkText(id, "id"));
  }
}
