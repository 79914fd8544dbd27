// A part of a measurement in a process of its own: started with arguments, spoken to in lines, ended with its input.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Part extends AsyncDisposable {
  /** The next line it says. Rejects when it ends instead. */
  next(): Promise<string>;
  say(line: string): void;
}

export function startPart(file: string, ...args: readonly string[]): Part {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, file), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`${file} ended before it said what was asked.`);
      return value;
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
