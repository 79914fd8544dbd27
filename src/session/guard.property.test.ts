import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { countingIds, testManager } from "../testing/test-manager.ts";
import { READ_ALL } from "../testing/test-trust.ts";

type Edit = "allow" | "deny" | "grant" | "revoke" | "attach" | "detach";

const step = fc.record({
  edit: fc.constantFrom<Edit>("allow", "deny", "grant", "revoke", "attach", "detach"),
  /** Which process edits, and which decides. */
  editor: fc.nat(1),
  decider: fc.nat(1),
  /** How many commands are under way in each of them meanwhile. */
  busy: fc.nat(3),
});

/** Three things must hold for `bot` to read: a statement, the identity's role, and that it is attached. */
class Expected {
  policy = true;
  role = true;
  attached = false;

  take(edit: Edit): void {
    if (edit === "allow" || edit === "deny") this.policy = edit === "allow";
    else if (edit === "grant" || edit === "revoke") this.role = edit === "grant";
    else this.attached = edit === "attach";
  }

  get allow(): boolean {
    return this.policy && this.role && this.attached;
  }
}

test("whatever two processes have under way, a decision knows every change acknowledged before it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const store = new MemoryStore();
      const random = countingIds();
      const first = testManager({ maxTasks: 1_000 }, { openStore: async () => store, random });
      const { clock } = first;
      const second = testManager({}, { openStore: async () => store, random, clock });
      const managers = [first.manager, second.manager];
      await first.manager.policies.put("house", [READ_ALL]);
      await first.manager.roles.put({ id: "reader" });
      await first.manager.identities.put({ id: "ada", roles: ["reader"] });
      const started = await first.manager.startSession({ policy: "house", identity: "ada" });
      const sessions = [started, await second.manager.get(started.sessionId)];
      const expected = new Expected();
      const working: Promise<unknown>[] = [];
      let tasks = 0;
      for (const { edit, editor, decider, busy } of steps) {
        for (let count = 0; count < busy; count++) {
          for (const session of sessions) working.push(session.addTask(`t${tasks++}`));
        }
        const [manager, session] = [managers[editor]!, sessions[editor]!];
        if (edit === "allow") await manager.policies.put("house", [READ_ALL]);
        else if (edit === "deny") await manager.policies.put("house", []);
        else if (edit === "grant") await manager.identities.grantRole("ada", "reader");
        else if (edit === "revoke") await manager.identities.revokeRole("ada", "reader");
        else if (edit === "attach" && !expected.attached) await session.attachAgent({ identity: "bot" });
        else if (edit === "detach" && expected.attached) await session.detachAgent("bot");
        expected.take(edit);
        const { allow } = await sessions[decider]!.can("bot", "read", "axis.a");
        expect(allow).toBe(expected.allow);
      }
      await Promise.all(working);
    }),
    { numRuns: 60 },
  );
});
