// The house keeps its own rules, and each rule is shown to catch what it is for: a check that cannot fail proves
// nothing. Violations are planted in copies of the tree; only the lint's is planted in the tree itself, because
// its configuration is part of what is proven.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readSources, violations } from "../scripts/layers.ts";
import { IMPURE } from "../scripts/module-map.ts";

const ROOT = join(import.meta.dirname, "..");

describe("the tree", () => {
  test("keeps to the module map, stays pure where it must, and has no cycle", () => {
    const sources = readSources(ROOT);
    expect(sources.size).toBeGreaterThan(5);
    expect(violations(sources)).toEqual([]);
  });

  test("has every file that is excused from purity", () => {
    expect(Object.keys(IMPURE).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("the layer check", () => {
  test("reports an import that points up", () => {
    const files = {
      "src/event/a.ts": `import { b } from "../session/b.ts";\nb();`,
      "src/session/b.ts": "export const b = 1;",
    };
    expect(faults(files)).toEqual([
      "src/event/a.ts:1 imports src/session/b.ts: event may not import session",
    ]);
    expect(faults({ ...files, "src/event/a.ts": "" })).toEqual([]);
  });

  test.each([
    ["a re-export", `export { b } from "../session/b.ts";`],
    ["an import of types", `import type { B } from "../session/b.ts";`],
    ["a type named in place", `export type B = import("../session/b.ts").B;`],
    ["a late import", `export const b = await import("../session/b.ts");`],
  ])("sees %s", (_name, text) => {
    expect(faults({ "src/tile/a.ts": text, "src/session/b.ts": "" })).toHaveLength(1);
  });

  test("keeps store adapters from all but those who put them together", () => {
    const adapter = { "src/store/sqlite.ts": "", "src/store/port.ts": "" };
    const user = `import type {} from "../store/sqlite.ts";`;
    expect(faults({ ...adapter, "src/session/a.ts": user })).toHaveLength(1);
    expect(faults({ ...adapter, "src/session/a.ts": user.replace("sqlite", "port") })).toEqual([]);
    expect(faults({ ...adapter, "src/cli/a.ts": user })).toEqual([]);
  });

  test("keeps the machine out of what browsers run too, however far from it", () => {
    const through = {
      "src/client/a.ts": `import { b } from "../session/b.ts";`,
      "src/session/b.ts": `import { c } from "../event/c.ts";`,
    };
    const hash = `{ hash } from "node:crypto";`;
    expect(faults({ ...through, "src/event/c.ts": `import ${hash}` })).toEqual([
      "src/event/c.ts:1 imports node:crypto: browsers run it too",
    ]);
    expect(faults({ ...through, "src/event/c.ts": `import type ${hash}` })).toEqual([]);
    expect(faults({ "src/client/a.ts": `import { z } from "zod";` })).toHaveLength(1);
  });

  test.each(["src/other/a.ts", "src/stray.ts", "src/event/utils.ts"])(
    "refuses the place or name of %s",
    (path) => {
      expect(faults({ [path]: "" })).toHaveLength(1);
    },
  );

  test.each([`import "../event/no-such.ts";`, `import "../../scripts/check.ts";`, `import "./a.test.ts";`])(
    "refuses %s",
    (text) => expect(faults({ "src/cli/a.ts": text, "src/cli/a.test.ts": "" })).toHaveLength(1),
  );

  test("reports a cycle of types alone, once", () => {
    const files = {
      "src/tile/a.ts": `import type { B } from "./b.ts";\nexport type A = B | 1;`,
      "src/tile/b.ts": `import type { C } from "./c.ts";\nexport type B = C | 2;`,
      "src/tile/c.ts": `export type C = import("./a.ts").A | 3;`,
    };
    const round = "src/tile/a.ts → src/tile/b.ts → src/tile/c.ts → src/tile/a.ts";
    expect(faults(files)).toEqual([`cycle: ${round}`]);
    expect(faults({ ...files, "src/tile/c.ts": "export type C = 3;" })).toEqual([]);
  });

  test.each([
    "Date.now()",
    `Date["now"]()`,
    "new Date()",
    "Date()",
    "Math.random()",
    "setTimeout(run, 1)",
    "setImmediate(run)",
    "process.pid",
    "performance.now()",
    "globalThis.Date",
    "AbortSignal.timeout(1)",
    "{ performance }",
  ])("reports %s in a pure module, and not outside one", (use) => {
    const text = `export const x = ${use};`;
    expect(faults({ "src/session/a.ts": text })).toHaveLength(1);
    expect(faults({ "src/cli/a.ts": text })).toEqual([]);
  });

  test.each([
    "new Date(now)",
    "Date.parse(text)",
    "{ process: 1 }",
    "state.process.pid",
    `"Date.now()"`,
    "/setTimeout(run)/",
    "(process: Owner) => process.pid",
    "1; // Math.random()",
  ])("takes %s for no impurity", (use) => {
    expect(faults({ "src/session/a.ts": `export const x = ${use}` })).toEqual([]);
  });

  test("does not take a name bound in one function for bound in the next", () => {
    const text = `const one = (process: Owner) => process.pid;\nconst two = () => process.pid;`;
    expect(faults({ "src/session/a.ts": text })).toEqual([
      "src/session/a.ts:2 uses process in a pure module",
    ]);
  });

  test("keeps node: modules and packages out of pure modules, node:crypto in events excepted", () => {
    expect(faults({ "src/event/a.ts": `import { hash } from "node:crypto";` })).toEqual([]);
    expect(faults({ "src/fleet/a.ts": `import { hash } from "node:crypto";` })).toHaveLength(1);
    expect(faults({ "src/fleet/a.ts": `import { z } from "zod";` })).toHaveLength(1);
  });
});

describe("npm run check", () => {
  test("fails on a planted layer violation and says where it is; its twin passes", async () => {
    const copy = copyTree();
    expect(await run(join(copy, "scripts", "check.ts"), ["layers"])).toMatchObject({ code: 0 });
    mkdirSync(join(copy, "src", "cli"), { recursive: true });
    writeFileSync(join(copy, "src", "cli", "planted.ts"), "export const planted = 1;\n");
    writeFileSync(join(copy, "src", "event", "planted.ts"), `export { planted } from "../cli/planted.ts";\n`);
    const { code, output } = await run(join(copy, "scripts", "check.ts"), ["layers"]);
    expect(code).toBe(1);
    expect(output).toContain("src/event/planted.ts:1 imports src/cli/planted.ts: event may not import cli");
  });
});

describe("the lint", () => {
  test("catches an unhandled promise, and leaves its handled twin alone", async () => {
    const folder = mkdtempSync(join(ROOT, "test", "planted-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const lint = async (name: string, call: string): Promise<Ran> => {
      writeFileSync(join(folder, name), plantedCall(call));
      return run(join(ROOT, "node_modules", "oxlint", "bin", "oxlint"), [
        "--type-aware",
        "--deny-warnings",
        join(folder, name),
      ]);
    };
    expect(await lint("handled.ts", "await work()")).toMatchObject({ code: 0 });
    const { code, output } = await lint("unhandled.ts", "work()");
    expect(code).toBe(1);
    expect(output).toContain("no-floating-promises");
  });
});

function faults(files: Readonly<Record<string, string>>): string[] {
  return violations(new Map(Object.entries(files)));
}

function plantedCall(call: string): string {
  return `async function work(): Promise<void> {}

export async function plant(): Promise<void> {
  ${call};
  await work();
}
`;
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

function run(script: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd: ROOT }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/** The scripts in a folder of their own with the events, which import nothing else, and the same packages. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "holodeck-tree-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const name of ["src/event", "scripts", "package.json"]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}
