// How the trust of a session behaves, whoever serves it: run on the local manager, and through a server's client.
import { describe, expect, test } from "vitest";
import type { ServedAgent } from "../src/client/session.ts";
import type { StartOptions } from "../src/client/manager.ts";
import type { ChangeOptions, StoredPolicy } from "../src/client/trust.ts";
import type { SessionConfig } from "../src/session/config.ts";
import type { Identities, Roles } from "../src/session/identities.ts";
import type { Session } from "../src/session/session.ts";
import type { Statement } from "../src/trust/statement.ts";
import type { TrustChange } from "../src/session/trust-audit.ts";
import type { TrustPage, TrustPageOptions } from "../src/session/trust-list.ts";
import type { TestClock } from "../src/testing/test-clock.ts";
import { all, refusalOf } from "../src/testing/test-trust.ts";

interface TrustedSession extends Pick<
  Session,
  | "sessionId"
  | "detachAgent"
  | "heartbeatAgent"
  | "revokeRole"
  | "introspect"
  | "can"
  | "guard"
  | "decisions"
  | "events"
  | "addTask"
  | "endSession"
  | "on"
> {
  attachAgent(options: ServedAgent): Promise<unknown>;
  replayDecisions(options: { readonly policy: string }): ReturnType<Session["replayDecisions"]>;
}

interface TrustedPolicies {
  put(id: string, statements: unknown, options?: ChangeOptions): Promise<PolicyRead>;
  putStatement(id: string, statement: unknown, options?: ChangeOptions): Promise<PolicyRead>;
  removeStatement(id: string, statementId: string, options?: ChangeOptions): Promise<PolicyRead>;
  get(id: string): Promise<PolicyRead>;
  list(options?: TrustPageOptions): Promise<TrustPage>;
  audit(id: string): Promise<readonly TrustChange[]>;
}

type PolicyRead = Pick<StoredPolicy, "id" | "key" | "version" | "statements"> & {
  at(version: number): Promise<{ readonly version: number; readonly statements: readonly Statement[] }>;
};

/** What claims to keep who may do what, and the clock it goes by. */
export interface BehavingTrust {
  readonly manager: {
    readonly policies: TrustedPolicies;
    readonly identities: Pick<Identities, keyof Identities>;
    readonly roles: Pick<Roles, keyof Roles>;
    startSession(options?: StartOptions): Promise<TrustedSession>;
  };
  readonly clock: Pick<TestClock, "advance" | "now">;
}

const READING = {
  id: "r",
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: ["axis.*"],
  delivery: { decimals: 1 },
};

const never = (): never => expect.unreachable();

export function trustBehaviours(
  name: string,
  make: (config?: Partial<SessionConfig>) => BehavingTrust,
): void {
  /** A session of ada, who is a reader and a writer, under a policy, with the agent `bot` attached. */
  async function trusted(statements: readonly object[] = [READING], options: StartOptions = {}) {
    const { manager, clock } = make();
    await manager.policies.put("house", statements);
    for (const id of ["reader", "writer"]) await manager.roles.put({ id });
    await manager.identities.put({ id: "ada", roles: ["reader", "writer"] });
    const trust = { policy: "house", identity: "ada", recordAllows: "all" } as const;
    const session = await manager.startSession({ ...trust, ...options });
    await session.attachAgent({ identity: "bot" });
    return { manager, clock, session };
  }

  describe(name, () => {
    test("a policy is put, changed by statement, and read as it stood", async () => {
      const { policies } = make().manager;
      expect(await policies.put("house", [READING])).toMatchObject({ key: "policy:house", version: 1 });
      await policies.putStatement("house", { ...READING, id: "s" });
      const stored = await policies.removeStatement("house", "r");
      expect(stored.statements.map(({ id }) => id)).toEqual(["s"]);
      expect((await stored.at(2)).statements.map(({ id }) => id)).toEqual(["r", "s"]);
      expect((await stored.at(0)).statements).toEqual([]);
      expect((await policies.get("house")).version).toBe(3);
      expect((await policies.audit("house")).map(({ version, type }) => `${version} ${type}`)).toEqual([
        "1 policy_changed",
        "2 policy_changed",
        "3 policy_changed",
      ]);
      expect((await refusalOf(policies.get("none"))).code).toBe("not_found");
      expect((await refusalOf(policies.removeStatement("house", "r"))).code).toBe("not_found");
      expect((await refusalOf(stored.at(9))).code).toBe("not_found");
    });

    test("a change that is not sound, or for another version, is refused whole", async () => {
      const { policies, identities } = make().manager;
      await policies.put("house", [READING]);
      const wrong = [READING, { ...READING, id: "x", effect: "maybe" }];
      expect(await refusalOf(policies.put("house", wrong))).toMatchObject({
        code: "invalid_argument",
        what: expect.stringContaining("statements[1].effect") as string,
      });
      expect((await refusalOf(policies.put("house", [], { expectedVersion: 5 }))).code).toBe("conflict");
      expect((await policies.get("house")).version).toBe(1);
      expect((await refusalOf(identities.put({ id: "a*" }))).code).toBe("invalid_argument");
    });

    test("an identity holds what it is granted until it is revoked, and nothing once it is removed", async () => {
      const { identities } = make().manager;
      await identities.put({ id: "ada", nickname: "Ada", metadata: { team: "blue" } });
      expect((await identities.grantRole("ada", "reader")).roles).toEqual(["reader"]);
      const revoked = await identities.revokeRole("ada", "reader");
      expect(revoked).toMatchObject({ key: "identity:ada", version: 3, nickname: "Ada", roles: [] });
      expect(await revoked.at(2)).toMatchObject({ id: "ada", metadata: { team: "blue" }, roles: ["reader"] });
      await identities.remove("ada");
      expect((await refusalOf(identities.get("ada"))).code).toBe("not_found");
      expect((await identities.audit("ada")).at(-1)).toMatchObject({ version: 4, type: "identity_removed" });
      expect([await revoked.at(4), await identities.at("ada", 4)]).toEqual([null, null]);
      expect((await refusalOf(identities.at("none", 0))).code).toBe("not_found");
    });

    test("roles are listed, retired and offered again", async () => {
      const { manager, clock } = make();
      const { roles } = manager;
      await roles.put({ id: "reader", description: "reads" });
      await clock.advance(1_000);
      await roles.put({ id: "writer" });
      expect(await roles.retire("reader")).toMatchObject({
        version: 2,
        isRetired: true,
        description: "reads",
      });
      const first = await roles.list({ limit: 1 });
      const second = await roles.list({ after: first.next ?? "" });
      expect([...first.items, ...second.items].map(({ id, status }) => `${id} ${status}`)).toEqual([
        "writer active",
        "reader retired",
      ]);
      expect(first.items[0]?.createdAt).toBe(clock.now());
      expect((await roles.put({ id: "reader" })).isRetired).toBe(false);
      expect(await roles.get("reader")).toMatchObject({ version: 3, description: "" });
      expect((await roles.audit("reader"))[0]).toMatchObject({
        type: "role_put",
        by: expect.any(String) as string,
      });
    });

    test("a change under a key is made once, whatever others change meanwhile", async () => {
      const { identities } = make().manager;
      await identities.put({ id: "ada" });
      const key = { idempotencyKey: "k" };
      await identities.grantRole("ada", "reader", key);
      await identities.revokeRole("ada", "reader");
      await identities.grantRole("ada", "reader", key);
      expect((await identities.get("ada")).roles).toEqual([]);
    });

    test("a session says who is there, with which roles, attached to what", async () => {
      const { session, clock } = await trusted([], { roles: ["reader"] });
      await session.attachAgent({
        identity: { id: "gyre", nickname: "G", metadata: { n: 1 } },
        kind: "gyre",
        capabilities: ["gpu"],
        heartbeatSeconds: 10,
      });
      await session.attachAgent({ identity: "arm", kind: "drift", gyre: "gyre", roles: [] });
      await session.addTask("t", null, { agentId: "bot" });
      const attachedAt = clock.now();
      const plain = {
        nickname: "",
        metadata: {},
        capabilities: [],
        tasks: [],
        attachedAt,
        dueAt: null,
        gyre: null,
      };
      expect(await session.introspect()).toEqual({
        sessionId: session.sessionId,
        status: "open",
        identity: "ada",
        policyKey: "policy:house",
        roles: ["reader"],
        agents: [
          { ...plain, agentId: "bot", kind: "agent", roles: ["reader"], tasks: ["t"] },
          {
            ...plain,
            agentId: "gyre",
            nickname: "G",
            metadata: { n: 1 },
            kind: "gyre",
            roles: ["reader"],
            capabilities: ["gpu"],
            dueAt: attachedAt + 15_000,
          },
          { ...plain, agentId: "arm", kind: "drift", gyre: "gyre", roles: [] },
        ],
      });
    });

    test("who cannot be attached is refused", async () => {
      const { session } = await trusted();
      for (const [agent, code] of [
        [{ identity: "bot" }, "conflict"],
        [{ identity: "ada" }, "conflict"],
        [{ identity: "arm", kind: "drift" }, "invalid_argument"],
        [{ identity: "*" }, "invalid_argument"],
      ] as const)
        expect((await refusalOf(session.attachAgent(agent))).code).toBe(code);
      await session.endSession();
      expect((await refusalOf(session.attachAgent({ identity: "late" }))).code).toBe("session_ended");
    });

    test("an agent that is let go or silent for too long is gone, and listeners are told", async () => {
      const { session, clock } = await trusted();
      const told: string[] = [];
      session.on("change", ({ type }) => told.push(type));
      await session.attachAgent({ identity: "beating", heartbeatSeconds: 10 });
      await clock.advance(10_000);
      await session.heartbeatAgent("beating");
      await session.detachAgent("bot", { reason: "done" });
      await clock.advance(15_001);
      expect((await session.introspect()).agents).toEqual([]);
      expect((await refusalOf(session.heartbeatAgent("beating"))).code).toBe("not_found");
      expect((await refusalOf(session.detachAgent("bot"))).code).toBe("not_found");
      const types = ["agent_attached", "agent_heartbeat", "agent_detached", "agent_disconnected"];
      await expect.poll(() => told).toEqual(types);
    });

    test("leaving under a key happens once", async () => {
      const { session } = await trusted();
      for (let times = 0; times < 2; times++) await session.detachAgent("bot", { idempotencyKey: "out" });
      const types = (await all(session.events())).map(({ type }) => type);
      expect(types.filter((type) => type === "agent_detached")).toHaveLength(1);
    });

    test("the policy decides, says why and on which terms, and never about strangers", async () => {
      const { session } = await trusted();
      expect(await session.can("bot", "read", "axis.a")).toMatchObject({
        allow: true,
        reasons: ["r"],
        errors: [],
        obligations: [{ kind: "decimals", value: 1 }],
        policyVersion: 1,
        decisionId: /^dec_[0-9a-f]{32}$/,
      });
      expect(await session.can("bot", "write", "axis.a")).toMatchObject({ allow: false, obligations: [] });
      const stranger = await session.can("eve", "read", "axis.a");
      expect(stranger.errors).toEqual([{ statementId: null, what: "Nobody of this name is attached." }]);
    });

    test("facts of the resource and of the moment reach the conditions", async () => {
      const condition = { "context.locked": false, "resource.attributes.unit": "K" };
      const { session } = await trusted([{ ...READING, condition }]);
      const resource = { id: "axis.a", attributes: { unit: "K" } };
      expect((await session.can("bot", "read", resource, { locked: false })).allow).toBe(true);
      expect((await session.can("bot", "read", resource, { locked: true })).allow).toBe(false);
      expect((await session.can("bot", "read", "axis.a", { locked: false })).allow).toBe(false);
    });

    test("a role that is revoked, from the session or its identity, is gone with the next decision", async () => {
      for (const how of ["session", "identity", "statement"] as const) {
        const { manager, session } = await trusted();
        expect((await session.can("bot", "read", "axis.a")).allow).toBe(true);
        if (how === "session") await session.revokeRole("reader");
        else if (how === "identity") await manager.identities.revokeRole("ada", "reader");
        else await manager.policies.removeStatement("house", "r");
        expect((await session.can("bot", "read", "axis.a")).allow, how).toBe(false);
      }
    });

    test("guarded work is done when it is allowed, and never otherwise", async () => {
      const { session } = await trusted();
      const terms = await session.guard("bot", "read", "axis.a", ({ obligations }) => obligations.length);
      expect(terms).toBe(1);
      const refusal = await refusalOf(session.guard("bot", "write", "axis.a", never));
      expect([refusal.code, refusal.what]).toEqual([
        "denied",
        '"bot" may not "write" "axis.a": no statement allows it.',
      ]);
    });

    test("what was decided is recorded, and asked again under another policy", async () => {
      const { manager, session, clock } = await trusted();
      for (const action of ["read", "write"]) await session.can("bot", action, "axis.a");
      expect(await all(session.decisions())).toMatchObject([
        { seq: 1, at: clock.now(), allow: true, agent_id: "bot", action: "read", resource: "axis.a" },
        { seq: 2, allow: false, action: "write", asked: { roles: ["attached", "reader", "writer"] } },
      ]);
      await manager.policies.put("other", [{ ...READING, actions: ["write"] }]);
      const replay = await session.replayDecisions({ policy: "other" });
      expect(replay).toMatchObject({ total: 2, same: 0, unasked: 0, lost: 0 });
      expect(replay.differences).toMatchObject([
        { kind: "now_denied", recorded: { principal: { id: "bot" }, request: { action: "read" } } },
        { kind: "now_allowed", replayed: { allow: true, reasons: ["r"] } },
      ]);
      const unknown = session.replayDecisions({ policy: "none" });
      expect((await refusalOf(unknown)).code).toBe("not_found");
    });

    test("a session under what nobody put is not started", async () => {
      const { manager } = make();
      for (const trust of [{ policy: "none" }, { identity: "none" }])
        expect((await refusalOf(manager.startSession(trust))).code).toBe("not_found");
    });
  });
}
