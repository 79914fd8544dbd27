// The set-up on small checkouts of its own, with this checkout's packages.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isBuilt, isInstalled } from "../scripts/setup/ready.js";
import { inTurn } from "../scripts/setup/turn.js";

const ROOT = join(import.meta.dirname, "..");

describe("the build", () => {
  test("is made when it is missing, and nothing is done when it is there", async () => {
    const root = makeCheckout();
    expect(isBuilt(root)).toBe(false);
    expect(await setUp(root)).toMatchObject({ code: 0, stdout: "", stderr: "holodeck: building dist/.\n" });
    expect(readFileSync(join(root, "dist", "one.js"), "utf8")).toContain("export const one = 1");
    expect(await setUp(root)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("is made anew after a source changed, came or went, and keeps nothing of one that went", async () => {
    const root = makeCheckout();
    await setUp(root);
    writeFileSync(join(root, "src", "two.ts"), "export const two = 2;\n");
    expect(isBuilt(root)).toBe(false);
    await setUp(root);
    expect(existsSync(join(root, "dist", "two.js"))).toBe(true);
    rmSync(join(root, "src", "two.ts"));
    expect(isBuilt(root)).toBe(false);
    await setUp(root);
    expect(existsSync(join(root, "dist", "two.js"))).toBe(false);
    utimesSync(join(root, "src", "one.ts"), 1, 1);
    expect(isBuilt(root)).toBe(false);
  });

  test("that fails leaves the old one, says so, and is tried again", async () => {
    const root = makeCheckout();
    await setUp(root);
    writeFileSync(join(root, "src", "one.ts"), `export const one: number = "1";\n`);
    const { code, stderr } = await setUp(root);
    expect(code).toBe(1);
    expect(stderr).toContain("src/one.ts(1,14)");
    expect(stderr).toContain("The sources do not compile.");
    expect(isBuilt(root)).toBe(false);
    expect(existsSync(join(root, "dist", "one.js"))).toBe(true);
    expect(readdirSync(root).filter((name) => name.startsWith(".dist-next"))).toEqual([]);
  });

  test("is made once when two set-ups run at once", async () => {
    const root = makeCheckout();
    const both = await Promise.all([setUp(root), setUp(root)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const said = both.map(({ stderr }) => stderr).join("");
    expect(said.split("building").length - 1).toBe(1);
    expect(isBuilt(root)).toBe(true);
    expect(existsSync(join(root, ".setup-turn"))).toBe(false);
  });
});

describe("packages", () => {
  test("behind a link are left to the checkout they belong to", () => {
    expect(isInstalled(makeCheckout())).toBe(true);
  });

  test("of another lock file, of no stamp, or without the pinned Node do not count as installed", () => {
    const root = makeCheckout();
    const modules = join(root, "node_modules");
    rmSync(modules);
    expect(isInstalled(root)).toBe(false);
    mkdirSync(join(modules, "node", "bin"), { recursive: true });
    writeFileSync(join(modules, "node", "bin", "node"), "");
    expect(isInstalled(root)).toBe(false);
    const lock = {
      packages: { "": {}, "node_modules/a": { integrity: "x" }, "node_modules/b": { optional: true } },
    };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify(lock));
    const installed = { packages: { "node_modules/a": { integrity: "x" } } };
    writeFileSync(join(modules, ".package-lock.json"), JSON.stringify(installed));
    expect(isInstalled(root), "someone's own npm install").toBe(true);
    rmSync(join(modules, ".package-lock.json"));
    expect(isInstalled(root), "the stamp it left").toBe(true);
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: {} }));
    expect(isInstalled(root)).toBe(false);
  });
});

describe("a turn", () => {
  test("is waited for while its holder lives, and taken from one that is gone", async () => {
    const root = mkdtempSync(join(tmpdir(), "holodeck-turn-"));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const gone = spawn(process.execPath, ["-e", "0"]);
    await once(gone, "exit");
    writeFileSync(join(root, ".setup-turn"), `${gone.pid} 0\n`);
    const order: string[] = [];
    const take = (name: string): Promise<void> =>
      inTurn(root, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} out`);
      });
    await Promise.all([take("a"), take("b")]);
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
    expect(readdirSync(root)).toEqual([]);
  });
});

test("an unknown option is refused", async () => {
  expect(await setUp(makeCheckout(), ["--tets"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--tets is no option"),
  });
});

/** A checkout with one source, this one's scripts and a link to its packages. */
function makeCheckout(): string {
  const root = mkdtempSync(join(tmpdir(), "holodeck-checkout-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of [
    "scripts",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ]) {
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "src", "one.ts"), "export const one = 1;\n");
  return root;
}

interface SetUp {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function setUp(root: string, flags: readonly string[] = []): Promise<SetUp> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "scripts", "setup.js"), ...flags],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, stdout, stderr });
      },
    );
  });
}
