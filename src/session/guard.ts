// Decides, for one session, who may do what. Before each decision it confirms where the streams it rests on stand: the
// session (who is attached, which roles it has), its policy, its identity and the asker's (law 4). Whatever cannot be
// confirmed, read or judged is denied. Every deny is recorded, allows as configured.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId, type StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { requireCapabilities } from "../trust/capability.ts";
import type { Decision, PolicyRequest, Resource } from "../trust/decision.ts";
import { identityAggregate, type IdentityState } from "../trust/identity-aggregate.ts";
import { faultOfName, RESOURCE_LENGTH_MAX } from "../trust/name.ts";
import { ownerPolicy } from "../trust/owner-policy.ts";
import { EMPTY_POLICY, Policy } from "../trust/policy.ts";
import { recordOf } from "./decision-record.ts";
import { judgedAs, type Basis, type Judged } from "./principal.ts";
import type { GuardQuestion } from "./question.ts";
import { factsAbout, isElsewhere } from "./resource.ts";
import type { SessionState } from "./state.ts";
import { decisionsOf, OWNER_POLICY_KEY, ownerOf, streamOf } from "./stream.ts";
import type { TrustStreams } from "./trust-streams.ts";

/** What a guard needs of the manager it belongs to. */
export interface GuardHost {
  readonly clock: Clock;
  trust(): Promise<TrustStreams>;
  /** The session's state at `seq` of its stream, or later; -1 for as it is known here. */
  sessionAt(stream: StreamId, seq: number): Promise<SessionState>;
}

/** With `sampled` the first of so many allows is recorded. */
const SAMPLE = 100;

export class Guard {
  readonly #host: GuardHost;
  readonly #sessionId: string;
  readonly #stream: StreamId;
  #builtIn: Policy | null = null;
  #allows = 0;

  constructor(host: GuardHost, sessionId: string) {
    this.#host = host;
    this.#sessionId = sessionId;
    this.#stream = streamOf(sessionId);
  }

  /** Decides, and records it as configured. Never throws. */
  async decide(question: GuardQuestion): Promise<Decision> {
    return await this.#decide(question, true);
  }

  /** Decides for a list of things, most of which nobody asked for by name: only an error is worth a record. */
  async filter(question: GuardQuestion): Promise<Decision> {
    return await this.#decide(question, false);
  }

  /** The session as it stands now, with what decisions rest on. Throws what the store throws. */
  async basis(agentId: string): Promise<Basis> {
    const streams = await this.#host.trust();
    return await streams.patience.for(this.#basis(agentId, streams));
  }

  async #decide(question: GuardQuestion, isRecorded: boolean): Promise<Decision> {
    let basis: Basis | null = null;
    let judged: Judged | string = "Nobody was judged.";
    try {
      basis = await this.basis(question.agentId);
      judged = judgedAs(basis, question.agentId);
      const request = this.#request(question, basis.session);
      const decision = this.#judge(basis, judged, request);
      if (!isRecorded || !this.#isToRecord(decision, basis)) return decision;
      await this.#record(recordOf({ basis, judged, question, request, decision }));
      return decision;
    } catch (cause) {
      // An allow that is to be recorded and cannot be is none.
      const decision = unmade(question, cause);
      const record = recordOf({ basis, judged, question, request: null, decision });
      if (isRecorded) await this.#record(record).catch(() => undefined);
      return decision;
    }
  }

  #judge(
    basis: Basis,
    judged: Judged | string,
    request: PolicyRequest & { readonly resource: Resource },
  ): Decision {
    const { policy } = basis;
    if (typeof judged === "string") return unasked(policy, request, judged);
    // What lies in another session looks like what does not exist: no statement speaks of it.
    if (isElsewhere(this.#sessionId, request.resource.id)) {
      return new Policy([], policy.version).evaluate(judged.principal, request);
    }
    return requireCapabilities(policy.evaluate(judged.principal, request), judged.capabilities);
  }

  /** With what the session itself knows of the resource, which outweighs what the asker says. */
  #request(question: GuardQuestion, session: SessionState): PolicyRequest & { readonly resource: Resource } {
    const { agentId, action, resource, context } = question;
    const given = typeof resource === "string" ? { id: resource } : resource;
    const isName = faultOfName(given.id, RESOURCE_LENGTH_MAX) === null;
    const known = isName ? factsAbout(session, given.id, agentId) : {};
    return {
      action,
      resource: { id: given.id, attributes: withFacts(given.attributes, known) },
      context: withFacts(context, { now: this.#host.clock.now() }),
    };
  }

  #isToRecord({ allow }: Decision, { session }: Basis): boolean {
    if (!allow || session.recordAllows === "all") return true;
    return session.recordAllows === "sampled" && this.#allows++ % SAMPLE === 0;
  }

  async #record(decision: ReturnType<typeof recordOf>): Promise<void> {
    const streams = await this.#host.trust();
    await streams.patience.for(streams.record(decisionsOf(this.#sessionId), { decision }));
  }

  async #basis(agentId: string, streams: TrustStreams): Promise<Basis> {
    // The keys of a session never change, so those known here are its keys.
    const { policyKey, identityKey } = await this.#host.sessionAt(this.#stream, -1);
    const policyIs = policyKey === OWNER_POLICY_KEY ? null : (policyKey as StreamId | null);
    const ownerIs = identityKey as StreamId | null;
    const askerIs = faultOfName(agentId) === null ? streamId("identity", agentId) : null;
    const rests = [this.#stream, policyIs, ownerIs, askerIs].filter((stream) => stream !== null);
    const seqs = await streams.freshness.confirm(rests);
    const seqOf = (stream: StreamId): number => seqs.get(stream) ?? 0;
    const [session, policy, owner, asker] = await Promise.all([
      this.#host.sessionAt(this.#stream, seqOf(this.#stream)),
      policyIs === null ? null : streams.policy(policyIs, seqOf(policyIs)),
      ownerIs === null ? NOBODY : streams.identity(ownerIs, seqOf(ownerIs)),
      askerIs === null ? NOBODY : streams.identity(askerIs, seqOf(askerIs)),
    ]);
    return { session, owner, asker, policy: policy ?? this.#withoutStream(session) };
  }

  /** No policy at all denies all; so does one whose stream is not there. */
  #withoutStream({ policyKey, identityKey }: SessionState): Policy {
    const startedBy = ownerOf(identityKey);
    if (policyKey !== OWNER_POLICY_KEY || startedBy === null) return EMPTY_POLICY;
    return (this.#builtIn ??= ownerPolicy({ sessionId: this.#sessionId, startedBy }));
  }
}

const NOBODY: IdentityState = identityAggregate.initial();

/** What is no set of facts stays as it is: the policy refuses it. */
function withFacts(given: JsonObject = {}, own: JsonObject): JsonObject {
  return typeof given === "object" && given !== null && !Array.isArray(given) ? { ...given, ...own } : given;
}

/** A deny that no policy was asked about. */
function unasked(policy: Policy, request: PolicyRequest, what: string): Decision {
  const decision = new Policy([], policy.version).evaluate(STRANGER, request);
  return { ...decision, errors: [{ statementId: null, what }, ...decision.errors] };
}

const STRANGER = { id: "stranger", nickname: "", metadata: {}, roles: [] };

function unmade({ action, resource }: GuardQuestion, cause: unknown): Decision {
  const what = cause instanceof HolodeckError ? cause.what : "The decision could not be made.";
  return unasked(EMPTY_POLICY, { action, resource }, what);
}
