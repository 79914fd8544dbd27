// A session of a server, with those who take part in it: attached and judged there, told of here. What an agent does
// itself, it does with a key of its own (`holodeck key new --agent`).
import type { JsonObject } from "../event/json.ts";
import { checkAttach, type AttachOptions } from "../session/attach.ts";
import { AttachedSession } from "../session/attached-session.ts";
import { denied } from "../session/denied.ts";
import type { ForkOptions } from "../session/fork.ts";
import { checkFunction, checkKeys } from "../session/input.ts";
import type { Introspection } from "../session/introspection.ts";
import type { Presence } from "../session/presence.ts";
import type { SessionDecision, SessionReplay } from "../session/replay.ts";
import type { SessionState } from "../session/state.ts";
import { streamOf } from "../session/stream.ts";
import type { WorkHost } from "../session/working-session.ts";
import type { Decision, Resource } from "../trust/decision.ts";
import { sessionPath } from "./served-reading.ts";
import { decisionIn, introspectionIn, recordedIn, replayIn } from "./trust-answers.ts";
import type { Asking } from "./trust.ts";

/** Whom to attach. What would run with it in a process is left out: it is no process's of the server. */
export type ServedAgent = Omit<AttachOptions<never>, "setup" | "teardown" | "process">;

/** What a handle needs of the manager it belongs to. */
export interface ServedHost extends WorkHost {
  readonly ask: Asking;
}

export class Session extends AttachedSession {
  declare protected readonly host: ServedHost;

  /** Sessions are made by `manager.startSession` and found by `manager.get`. */
  // oxlint-disable-next-line no-useless-constructor -- it wants more of its host than what it extends
  constructor(host: ServedHost, presence: Presence, state: SessionState) {
    super(host, presence, state);
  }

  /**
   * Attaches an agent. It stays, whatever becomes of this process and of the server's, until it is detached, is silent
   * for too long, or the session ends. Refused: `conflict` for a name that is taken, `session_ended`; `invalid_argument`.
   */
  async attachAgent(options: ServedAgent): Promise<void> {
    const { idempotencyKey = null, ...agent } = options;
    const checked = checkAttach({ ...agent, process: null });
    // The server names the attachment.
    const command = { type: "attach_agent", ...checked, attachmentId: "", process: null } as const;
    await this.host.execute(streamOf(this.sessionId), command, idempotencyKey);
  }

  /** Who is here, with which roles, attached to what. */
  async introspect(): Promise<Introspection> {
    return introspectionIn(await this.host.ask.get(`${this.#path}/agents`));
  }

  /**
   * Whether who has this name may do that now, by which statements, on which terms. What cannot be confirmed or judged
   * is denied, and `errors` says why. Carry out the obligations of what is allowed. Throws when the server cannot be
   * asked.
   */
  async can(
    agentId: string,
    action: string,
    resource: string | Resource,
    context: JsonObject = {},
  ): Promise<Decision> {
    const question = { agent_id: agentId, action, resource, context };
    return decisionIn(await this.host.ask.post(`${this.#path}/decide`, question));
  }

  /**
   * Does something for who has this name when that is allowed, and answers what it came to. `work` is told the decision
   * and carries out its obligations. Refused with `denied`; then `work` is not called.
   */
  async guard<Result>(
    agentId: string,
    action: string,
    resource: string | Resource,
    work: (decision: Decision) => Promise<Result> | Result,
    context: JsonObject = {},
  ): Promise<Result> {
    checkFunction(work, "work");
    const decision = await this.can(agentId, action, resource, context);
    if (!decision.allow) throw denied({ agentId, action, resource }, decision);
    return await work(decision);
  }

  /** What was decided, in order: each deny, and allows as configured. */
  async *decisions(): AsyncGenerator<SessionDecision> {
    for (let after: number | null = 0; after !== null;) {
      const path: string = `${this.#path}/decisions?after_seq=${after}&limit=1000`;
      const page = await this.host.ask.get(path);
      yield* recordedIn(page);
      after = page["next_after_seq"] as number | null;
    }
  }

  /**
   * What another policy, of the store by its id or given as statements, would have decided over the recorded session.
   * `differences` has the first 1,000 of them.
   */
  async replayDecisions(options: { readonly policy: string | readonly object[] }): Promise<SessionReplay> {
    const { policy } = checkKeys(options, "options", ["policy"]);
    const body = typeof policy === "string" ? { policy } : { statements: policy };
    return replayIn(await this.host.ask.post(`${this.#path}/decisions/replay`, body));
  }

  /**
   * A new session that starts from the state after event `seq`, and says so (`forkedFrom`). Tasks and how they ended
   * are carried over; an attempt that ran then may start again; the session's time begins anew. This one stays as it is.
   */
  override async fork(seq: number, options: ForkOptions = {}): Promise<Session> {
    // Its host makes no other handles.
    return (await super.fork(seq, options)) as Session;
  }

  get #path(): string {
    return sessionPath(this.sessionId);
  }
}
