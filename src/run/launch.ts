// Starts a command with nothing on stdin, and says in words why it could not be started.
import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import type { GoSpec } from "./guard-protocol.ts";

export interface LaunchParams {
  readonly spec: GoSpec;
  readonly env: Readonly<Record<string, string>>;
  readonly stdoutFd: number;
  readonly stderrFd: number;
}

/** What became of the start. Exit codes as a shell gives them: 127 not found, 126 found and not startable. */
export type Launched =
  | { readonly child: ChildProcess; readonly pid: number }
  | { readonly exitCode: 126 | 127; readonly error: string };

export async function launch({ spec, env, stdoutFd, stderrFd }: LaunchParams): Promise<Launched> {
  const { argv, cwd } = spec;
  const fault = folderFault(cwd);
  if (fault !== null) return { exitCode: 126, error: fault };
  try {
    const child = spawn(argv[0], argv.slice(1), { cwd, env, stdio: ["ignore", stdoutFd, stderrFd] });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    return { child, pid };
  } catch (cause) {
    return startFault(argv[0], cause);
  }
}

function folderFault(cwd: string): string | null {
  try {
    if (!statSync(cwd).isDirectory()) return `${cwd} is not a folder. Set the task's \`cwd\` to one.`;
    accessSync(cwd, constants.X_OK);
    return null;
  } catch (cause) {
    return `The folder ${cwd} cannot be entered (${codeOf(cause)}). Create it, or correct the task's \`cwd\`.`;
  }
}

function startFault(program: string, cause: unknown): Launched {
  const code = codeOf(cause);
  if (code === "ENOENT") {
    const error = `${program} was not found. Install it, write its whole path, or extend PATH under \`env\`; in a script, check its first line.`;
    return { exitCode: 127, error };
  }
  if (code === "EACCES") {
    return {
      exitCode: 126,
      error: `${program} is not executable. Make it so with chmod +x, or name its interpreter.`,
    };
  }
  if (code === "E2BIG") {
    const error = `The arguments and environment of ${program} are too large. Pass the prompt by file: {{prompt_file}}.`;
    return { exitCode: 126, error };
  }
  return { exitCode: 126, error: `${program} could not be started (${code}). Run it by hand to see why.` };
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
