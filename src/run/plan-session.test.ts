import { expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import { MemoryStore } from "../store/memory.ts";
import { keepPlan, keptPlan, sessionConfigOf } from "./plan-session.ts";
import { parsePlan } from "./plan.ts";

const environment = { TOKEN: "hunter22-Zq9!x y" };

async function keep(data: string): Promise<unknown> {
  const text = `version: 1
name: n
agent_id: a
secrets: [TOKEN]
tasks:
  - id: t
    run: "true"
    data: ${data}
`;
  const source = { text, file: "plan.yaml", folder: "/", dataFolder: "/" };
  return await keepPlan(
    new MemoryStore(),
    parsePlan({ text, file: "plan.yaml", environment, cores: 1 }),
    source,
    environment,
  );
}

test.each([
  ["as it is", '{k: "hunter22-Zq9!x y"}'],
  ["behind an escape", String.raw`{k: "\x68unter22-Zq9!x y"}`],
  ["as a key", String.raw`{"\x68unter22-Zq9!x y": 1}`],
  ["over a folded line", '{k: "hunter22-Zq9!x\n      y"}'],
])("a plan that holds a secret %s is refused", async (_, data) => {
  await expect(keep(data)).rejects.toMatchObject({ code: "invalid_plan" });
});

test("a plan that holds no secret is kept", async () => {
  await expect(keep("{k: hunter}")).resolves.toMatchObject({ file: "plan.yaml" });
});

test("a plan comes back with the concurrency its run was given, over its own", async () => {
  const text = 'version: 1\nname: n\nagent_id: a\nlimits: {concurrency: 5}\ntasks: [{id: t, run: "true"}]';
  const parsed = parsePlan({ text, file: "plan.yaml", environment });
  const given = { ...parsed, limits: { ...parsed.limits, concurrency: 2 } };
  await using manager = new SessionManager(sessionConfigOf(given), { store: "memory:" });
  const store = await manager.store();
  const source = { text, file: "plan.yaml", folder: "/", dataFolder: "/" };
  const session = await manager.startSession({ plan: await keepPlan(store, given, source, environment) });
  const { plan } = await keptPlan(store, session, environment);
  expect(plan.limits.concurrency).toBe(2);
});
