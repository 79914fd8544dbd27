// What would another policy have decided? The recorded decisions of a session are asked again, each as of whom it was
// asked then.
import type { Happened } from "../event/decider.ts";
import type { StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { requireCapabilities } from "../trust/capability.ts";
import type { Decision, PolicyEngine } from "../trust/decision.ts";
import { identityAt, type IdentityEvent } from "../trust/identity-aggregate.ts";
import type { Identity } from "../trust/identity.ts";
import { replayDecisions, type DecisionReplay, type RecordedDecision } from "../trust/replay.ts";
import type { DecisionEvent, DecisionMade } from "./decisions.ts";
import type { AgentAttached, SessionEvent } from "./events.ts";
import { eventsOf, readEvents } from "./past-events.ts";
import { invalid } from "./input.ts";
import { policyStream, unknown } from "./policies.ts";
import { decisionsOf, ownerOf, streamOf } from "./stream.ts";
import type { TrustStreams } from "./trust-streams.ts";

/** What a session's recorded decisions would be under another policy. */
export interface SessionReplay extends DecisionReplay {
  /** How many no policy was asked about, such as those of strangers: they are denied under any, and among the same. */
  readonly unasked: number;
  /** How many could not be asked again, since what they rested on was too large to keep or has been pruned. */
  readonly lost: number;
}

/** A recorded decision, and when it was made. */
export interface SessionDecision extends DecisionMade {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export async function* decisionsIn(
  streams: TrustStreams,
  sessionId: string,
): AsyncGenerator<SessionDecision> {
  for await (const { data, seq, at } of readEvents<DecisionEvent>(streams.store, decisionsOf(sessionId))) {
    yield { ...data, seq, at };
  }
}

export async function replaySession(
  streams: TrustStreams,
  sessionId: string,
  policy: PolicyEngine,
): Promise<SessionReplay> {
  const past = new PastPrincipals(streams, sessionId);
  const capabilities = new Map<Identity, readonly string[] | null>();
  const recorded: RecordedDecision[] = [];
  let [unasked, lost] = [0, 0];
  for await (const made of decisionsIn(streams, sessionId)) {
    if (made.asked === undefined) {
      unasked++;
      continue;
    }
    const judged = await past.of(made);
    const { facts } = made.asked;
    if (judged === null || facts === undefined) {
      lost++;
      continue;
    }
    capabilities.set(judged.principal, judged.capabilities);
    const resource = { id: made.resource, attributes: facts.attributes };
    const request = { action: made.action, resource, context: facts.context };
    recorded.push({ principal: judged.principal, request, decision: decisionOf(made) });
  }
  const replay = replayDecisions(recorded, {
    evaluate: (principal, request) =>
      requireCapabilities(policy.evaluate(principal, request), capabilities.get(principal) ?? null),
  });
  return { ...replay, total: replay.total + unasked, same: replay.same + unasked, unasked, lost };
}

/** The policy to ask: a compiled one, or one of the store by its id. */
export async function policyToAsk(
  streams: TrustStreams,
  policy: string | PolicyEngine,
): Promise<PolicyEngine> {
  if (typeof policy === "object" && typeof policy?.evaluate === "function") return policy;
  if (typeof policy !== "string") {
    throw invalid(
      "policy",
      policy,
      "Pass a policy's id, or what decides: a compiled policy, or a Cedar one.",
    );
  }
  const state = await streams.policies.refresh(policyStream(policy));
  if (state.version === 0) throw unknown("policy", policy);
  return streams.compiled(state);
}

function decisionOf(made: DecisionMade): Decision {
  return {
    allow: made.allow,
    reasons: made.reasons,
    errors: made.errors.map(({ statement_id, what }) => ({ statementId: statement_id, what })),
    obligations: made.obligations,
    policyVersion: made.policy_version,
    decisionId: made.decision_id,
  };
}

/** Who was judged, as they stood then. Reads the session once, and each version of its identity once. */
class PastPrincipals {
  readonly #streams: TrustStreams;
  readonly #sessionId: string;
  #attached: Promise<ReadonlyMap<string, AgentAttached>> | null = null;
  readonly #identities = new Map<number, Promise<Identity | null>>();

  constructor(streams: TrustStreams, sessionId: string) {
    this.#streams = streams;
    this.#sessionId = sessionId;
  }

  async of(made: DecisionMade): Promise<PastPrincipal | null> {
    if (made.asked === undefined) return null;
    const { attachment_id, identity_version, roles } = made.asked;
    if (attachment_id === null) {
      const { nickname, metadata } = (await this.#owner(made.identity_key, identity_version)) ?? NAMELESS;
      const id = ownerOf(made.identity_key) ?? "";
      return { principal: { id, nickname, metadata, roles }, capabilities: null };
    }
    this.#attached ??= this.#readAttached();
    const agent = (await this.#attached).get(attachment_id);
    if (agent === undefined) return null;
    const { agent_id: id, nickname, metadata, capabilities } = agent;
    return { principal: { id, nickname, metadata, roles }, capabilities };
  }

  async #owner(key: string | null, version: number): Promise<Identity | null> {
    if (key === null || version === 0) return null;
    const known = this.#identities.get(version) ?? this.#readOwner(key as StreamId, version);
    this.#identities.set(version, known);
    return await known;
  }

  async #readOwner(stream: StreamId, version: number): Promise<Identity | null> {
    return identityAt(await eventsOf<IdentityEvent>(this.#streams.store, stream), version);
  }

  async #readAttached(): Promise<ReadonlyMap<string, AgentAttached>> {
    const attached = new Map<string, AgentAttached>();
    const events = readEvents<SessionEvent>(this.#streams.store, streamOf(this.#sessionId));
    for await (const event of events as AsyncIterable<Happened<SessionEvent>>) {
      if (event.type === "agent_attached") attached.set(event.data.attachment_id, event.data);
    }
    return attached;
  }
}

interface PastPrincipal {
  readonly principal: Identity;
  readonly capabilities: readonly string[] | null;
}

const NAMELESS: { readonly nickname: string; readonly metadata: JsonObject } = { nickname: "", metadata: {} };
