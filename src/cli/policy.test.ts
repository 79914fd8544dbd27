import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../../examples/policy.yaml", import.meta.url));

function policy(...args: readonly string[]) {
  const { PATH = "" } = process.env;
  return spawnSync(process.execPath, [MAIN, "policy", ...args], { env: { PATH }, encoding: "utf8" });
}

async function file(text: string, name = "policy.yaml"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-policy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test("the example's cases pass, and it has no statement without effect", () => {
  const tested = policy("test", EXAMPLE, "--json");
  expect(tested.status).toBe(0);
  expect(JSON.parse(tested.stdout)).toMatchObject({ passed: 8, failed: 0 });
  expect(JSON.parse(policy("lint", EXAMPLE, "--json").stdout)).toEqual({ statements: 4, findings: [] });
});

test("a case that comes out otherwise fails the run and says what decided", async () => {
  const path = await file(`
statements: [{id: a, roles: [r], effect: allow, actions: [read], resources: [x]}]
cases:
  - {who: {id: p, roles: [r]}, action: read, resource: x, expect: deny}
  - {who: {id: p, roles: [r]}, action: read, resource: x, expect: allow, by: [b]}
`);
  const tested = policy("test", path);
  expect(tested.status).toBe(1);
  expect(tested.stdout).toContain("FAILED  p may read x: a allows it. Expected deny.");
  expect(tested.stdout).toContain("Expected allow by b.");
  expect(tested.stderr).toContain("0 cases passed, 2 failed.");
});

test("lint names what has no effect and exits with 1", async () => {
  const path = await file(`
statements:
  - {id: a, roles: [r], effect: allow, actions: [read], resources: [x]}
  - {id: d, roles: ["*"], effect: deny, actions: ["*"], resources: ["*"]}
`);
  const { status, stdout } = policy("lint", path);
  expect([status, stdout]).toEqual([1, "shadowed  a: d denies all that it allows, and a deny wins.\n"]);
});

test("explain says why, with roles and context of the question", () => {
  const ask = ["explain", EXAMPLE, "someone", "write", "axis.temperature.room1", "--roles", "writer"];
  const denied = policy(...ask);
  expect([denied.status, denied.stdout]).toEqual([4, expect.stringContaining("not-while-locked denies it")]);
  expect(policy(...ask, "--context", '{"region":"eu","locked":false}').status).toBe(0);
  expect(policy(...ask, "--context", "[]").status).toBe(2);
});

test("export writes the policy as Cedar", () => {
  expect(policy("export", EXAMPLE, "--cedar").stdout).toContain('@id("readers-read")\npermit (principal');
});

test("a file that is none, or that says what nobody knows, is told with its place", async () => {
  expect(policy("test", "/none.yaml").stderr).toContain("The policy /none.yaml cannot be read (ENOENT).");
  const bad = policy(
    "lint",
    await file("statements: [{id: a, roles: [r], effect: maybe, actions: [x], resources: [y]}]"),
  );
  expect([bad.status, bad.stderr]).toEqual([2, expect.stringContaining("statements[0].effect")]);
  expect(policy("lint", await file("a: &a [*a, *a]\n")).status).toBe(2);
  const unasked = policy("test", await file("statements: []\ncases: [{who: p, action: read, expect: deny}]"));
  expect([unasked.status, unasked.stderr]).toEqual([2, expect.stringContaining("cases[0].resource")]);
});

test("a policy that was exported decides as before", async () => {
  const cases = await file(`
statements: [{id: a, roles: ["*"], effect: allow, actions: [read], resources: [x], condition: {context.load: {lt: 0.5}}}]
cases:
  - {who: p, action: read, resource: x, context: {load: 0.25}, expect: allow, by: [a]}
  - {who: p, action: read, resource: x, context: {load: 0.75}, expect: deny, by: []}
`);
  const cedar = await file(policy("export", cases, "--cedar").stdout, "house.cedar");
  expect(policy("test", cases, "--cedar", cedar, "--decimals", "3").status).toBe(0);
  expect(policy("test", cases, "--cedar", cedar, "--decimals", "three").status).toBe(2);
});

test("Cedar policies decide the same cases, and what is wrong with them is told", async () => {
  const cases = await file(`
identities: {scout: {roles: [reader]}}
cases:
  - {who: scout, action: read, resource: notes, expect: allow, by: [readers]}
  - {who: scout, action: read, resource: notes, context: {locked: true}, expect: deny, by: [shut]}
`);
  const cedar = await file(
    '@id("readers") permit (principal in Role::"reader", action == Action::"read", resource);\n' +
      '@id("shut") forbid (principal, action, resource) when { context has locked && context.locked };',
    "house.cedar",
  );
  expect(policy("test", cases, "--cedar", cedar)).toMatchObject({
    status: 0,
    stderr: expect.stringContaining("2 cases passed"),
  });
  const denied = policy("explain", cases, "scout", "write", "notes", "--cedar", cedar);
  expect([denied.status, denied.stdout]).toEqual([4, "scout may not write notes: no statement allows it.\n"]);
  const schema = await file("entity Role;", "house.cedarschema");
  const unfit = policy("test", cases, "--cedar", cedar, "--schema", schema);
  expect([unfit.status, unfit.stderr]).toEqual([
    2,
    expect.stringContaining("Policy readers does not fit the schema"),
  ]);
});
