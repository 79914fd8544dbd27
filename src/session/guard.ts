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
import type { DecisionMade } from "./decisions.ts";
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
  /** A session as last known here: its keys never change. */
  session(stream: StreamId): Promise<Pick<SessionState, "policyKey" | "identityKey">>;
  /** What `look` makes of a session's state at `seq` of its stream, or later. It is done with it when it returns. */
  look<Seen>(stream: StreamId, seq: number, look: (state: SessionState) => Seen): Promise<Seen>;
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

  /**
   * What `look` makes of the session as it stands now, with what decisions rest on; it is done with it when it returns,
   * for states go on. Throws what the store throws.
   */
  async look<Seen>(agentId: string, look: (basis: Basis) => Seen): Promise<Seen> {
    const streams = await this.#host.trust();
    return await streams.patience.for(this.#look(agentId, streams, look));
  }

  async #decide(question: GuardQuestion, isRecorded: boolean): Promise<Decision> {
    try {
      const { decision, record } = await this.look(question.agentId, (basis) =>
        this.#made(question, basis, isRecorded),
      );
      if (record !== null) await this.#record(record);
      return decision;
    } catch (cause) {
      // An allow that is to be recorded and cannot be is none.
      const decision = unmade(question, cause);
      const nothing = { basis: null, judged: "Nobody was judged.", request: null };
      if (isRecorded) await this.#record(recordOf({ ...nothing, question, decision })).catch(() => undefined);
      return decision;
    }
  }

  #made(
    question: GuardQuestion,
    basis: Basis,
    isRecorded: boolean,
  ): { readonly decision: Decision; readonly record: DecisionMade | null } {
    const judged = judgedAs(basis, question.agentId);
    const request = this.#request(question, basis.session);
    const decision = this.#judge(basis, judged, request);
    if (!isRecorded || !this.#isToRecord(decision, basis)) return { decision, record: null };
    return { decision, record: recordOf({ basis, judged, question, request, decision }) };
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

  async #record(decision: DecisionMade): Promise<void> {
    const streams = await this.#host.trust();
    await streams.patience.for(streams.record(decisionsOf(this.#sessionId), { decision }));
  }

  async #look<Seen>(agentId: string, streams: TrustStreams, look: (basis: Basis) => Seen): Promise<Seen> {
    const { policyKey, identityKey } = await this.#host.session(this.#stream);
    const policyIs = policyKey === OWNER_POLICY_KEY ? null : (policyKey as StreamId | null);
    const ownerIs = identityKey as StreamId | null;
    const askerIs = faultOfName(agentId) === null ? streamId("identity", agentId) : null;
    const rests = [this.#stream, policyIs, ownerIs, askerIs].filter((stream) => stream !== null);
    const seqs = await streams.freshness.confirm(rests);
    const seqOf = (stream: StreamId): number => seqs.get(stream) ?? 0;
    const [policy, owner, asker] = await Promise.all([
      policyIs === null ? null : streams.policy(policyIs, seqOf(policyIs)),
      ownerIs === null ? NOBODY : streams.identity(ownerIs, seqOf(ownerIs)),
      askerIs === null ? NOBODY : streams.identity(askerIs, seqOf(askerIs)),
    ]);
    return await this.#host.look(this.#stream, seqOf(this.#stream), (session) =>
      look({ session, owner, asker, policy: policy ?? this.#withoutStream(session) }),
    );
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
