import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import { ASK_SERVERS, carriedOf, hint, pasteable, programName } from "./hint.ts";
import { processIo, type Io } from "./io.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-hint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function io(carried: NonNullable<Io["carried"]>): Io {
  return { ...processIo(), env: {}, carried };
}

test("a command to type next is told the store again, quoted for a shell", () => {
  expect(hint(io([]), "resume", "sess_1")).toBe("holodeck resume sess_1");
  expect(hint(io([["--store", "/data/h.db"]]), "verify")).toBe("holodeck verify --store /data/h.db");
  expect(hint(io([["--store", "it's mine.db"]]), "verify")).toBe(
    `holodeck verify --store 'it'\\''s mine.db'`,
  );
});

test("a password on the command line is not repeated", () => {
  expect(carriedOf({ store: "postgres://me:s3cr3t@host/db", json: true })).toEqual([
    ["--store", "postgres://me:PASSWORD@host/db"],
  ]);
  expect(carriedOf({ url: "http://localhost:8848", keyFile: "k" })).toEqual([
    ["--url", "http://localhost:8848"],
    ["--key-file", "k"],
  ]);
});

test("a command that can ask the server is told that, and one that cannot is not", () => {
  const served = io([
    ["--url", "http://localhost:8848"],
    ["--key-file", "key"],
  ]);
  expect(hint(served, "session", "show", "sess_1")).toBe(
    "holodeck session show sess_1 --url http://localhost:8848 --key-file key",
  );
  expect(hint(served, "resume", "sess_1")).toBe("holodeck resume sess_1");
});

test("the commands that are told a server are those that can ask one", () => {
  const asking = COMMANDS.filter(({ options }) => options.some(({ flags }) => flags.startsWith("--url ")));
  const names = asking.map(({ group, usage }) => group ?? usage.split(" ")[0]);
  expect(new Set(names)).toEqual(new Set(ASK_SERVERS));
  const others = COMMANDS.filter((command) => !asking.includes(command));
  expect(others.filter(({ group = "" }) => ASK_SERVERS.includes(group))).toEqual([]);
});

test("the commands within a message are told it too, and what says so itself is left alone", () => {
  const told = io([["--store", "h.db"]]);
  expect(pasteable(told, "Run `holodeck verify`, or `npm test`. See `holodeck session ls`.")).toBe(
    "Run `holodeck verify --store h.db`, or `npm test`. See `holodeck session ls --store h.db`.",
  );
  const itself = "`holodeck tiles --pending --store …`";
  expect(pasteable(told, itself)).toBe(itself);
});

/** A folder of commands in which `holodeck` is this script. */
function withCommand(path: string, script: string): string {
  mkdirSync(join(folder, path), { recursive: true });
  symlinkSync(script, join(folder, path, "holodeck"));
  return join(folder, path);
}

/** What a command is called that was started by this script, with such a path and perhaps by npm. */
function called(path: readonly string[], by: string, npm?: string): string {
  const env = { PATH: path.join(delimiter), ...(npm !== undefined && { npm_command: npm }) };
  return programName({ env }, by);
}

test("a command is called as it can be called again", () => {
  const script = join(folder, "holodeck.js");
  writeFileSync(script, "");
  const everywhere = withCommand("usr/bin", script);
  const project = withCommand("project/node_modules/.bin", script);
  const linked = withCommand("_npx/3c4d/node_modules/.bin", script);
  const fetched = withCommand("_npx/1a2b/node_modules/.bin", script);
  const own = join(folder, "_npx/1a2b/node_modules/holodeck.js");
  writeFileSync(own, "");
  rmSync(join(fetched, "holodeck"));
  symlinkSync(own, join(fetched, "holodeck"));
  expect(called([project, everywhere], script)).toBe("holodeck");
  expect(called([project], join(project, "holodeck"))).toBe("npx holodeck");
  expect(called(["/bin"], script, "exec")).toBe("npx holodeck");
  expect(called([fetched], join(fetched, "holodeck"))).toBe("npx holodeck-session-manager");
  expect(called([linked], join(linked, "holodeck"))).toBe("npx holodeck");
  expect(called(["/bin"], script)).toBe(script);
  expect(called(["/bin"], join(project, "holodeck"))).toBe(join(project, "holodeck"));
});

test("what a run and its errors tell to type next works as it is pasted", () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "holodeck"), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(bin, "holodeck"), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
  const shell = (line: string): string =>
    execFileSync("sh", ["-c", line], {
      cwd: folder,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  writeFileSync(
    join(folder, "plan.yaml"),
    '{version: 1, name: n, agent_id: a, tasks: [{id: t, run: "true"}]}',
  );
  const told = shell("holodeck run plan.yaml --quiet --store 'my store.db'");
  const next = [...told.matchAll(/holodeck .*/g)].map(([line]) => line);
  expect(next).toHaveLength(3);
  const [show = "", tiles = "", verify = ""] = next;
  expect(shell(show)).toMatch(/status +success/);
  expect(shell(tiles)).toContain("session");
  expect(shell(verify)).toMatch(/^ok: /);
  const refusal = shell("holodeck session show nobody --store 'my store.db' 2>&1 || true");
  expect(shell(/`(.*?)`/.exec(refusal)?.[1] ?? "false")).toContain("success");
});
