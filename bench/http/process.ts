// Starts `served.ts` in a process of its own and stops it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
}

export async function startProcess(...args: readonly string[]): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, join(import.meta.dirname, "served.ts"), ...args],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(lines, "line"),
    exited.then(() => {
      throw new Error("The server ended before it told its port.");
    }),
  ])) as [string];
  return {
    port: Number(line),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
