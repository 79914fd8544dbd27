// The package's command as it is installed, with a planted program behind it: what passes through the launcher that
// an older Node uses, and that launcher and command live and die as one.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

test("the command runs the program with its arguments and ends with its exit code", async () => {
  const folder = install(
    `process.stdout.write(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;`,
  );
  expect(await ended(start(folder, "bin/holodeck.js", ["run", "a b"]))).toMatchObject({
    code: 7,
    stdout: `["run","a b"]`,
  });
});

test("through the launcher arguments, input, output and exit code are the same", async () => {
  const folder = install(`
    process.stdin.on("data", (chunk) => process.stdout.write(process.argv.slice(2).join() + chunk));
    process.stdin.on("end", () => { process.exitCode = 124; });`);
  const child = start(folder, "launch.js", ["tail", "-f"]);
  child.stdin.end("+input");
  expect(await ended(child)).toMatchObject({ code: 124, stdout: "tail,-f+input" });
});

test("the program's own children hear nothing of the launcher", async () => {
  const folder = install(`process.stdout.write(String(process.env.HOLODECK_LAUNCHER_PIPE));`);
  expect(await ended(start(folder, "launch.js"))).toMatchObject({ code: 0, stdout: "undefined" });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "a %s to the launcher reaches the program",
  async (signal) => {
    const folder = install(`
    process.on("${signal}", () => { process.stdout.write(" ended"); process.exit(5); });
    setInterval(() => {}, 1000);
    process.stdout.write("up");`);
    const child = start(folder, "launch.js");
    await once(child.stdout, "readable");
    child.kill(signal);
    expect(await ended(child)).toMatchObject({ code: 5, stdout: "up ended" });
  },
);

test("when a signal ends the program, the launcher ends by the same", async () => {
  const folder = install(`process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);`);
  expect(await ended(start(folder, "launch.js"))).toMatchObject({ code: null, signal: "SIGTERM" });
});

test("when the launcher is killed, so is the program", async () => {
  const folder = install(`setInterval(() => {}, 1000); process.stdout.write("up");`);
  const child = start(folder, "launch.js");
  await once(child.stdout, "readable");
  child.kill("SIGKILL");
  // Its output ends only when the program, which holds it too, is gone.
  expect(await ended(child)).toMatchObject({ signal: "SIGKILL", stdout: "up" });
});

/** The package as npm leaves it: no sources, and a program in `dist/`. */
function install(program: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "holodeck-launch-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "dist", "cli"), { recursive: true });
  writeFileSync(join(folder, "package.json"), `{"type": "module"}`);
  writeFileSync(join(folder, "dist", "cli", "main.js"), program);
  writeFileSync(
    join(folder, "launch.js"),
    `import { startOn } from "./bin/older-node.js"; startOn(process.execPath);`,
  );
  return folder;
}

function start(folder: string, script: string, args: readonly string[] = []): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [join(folder, script), ...args], { stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout }));
  });
}
