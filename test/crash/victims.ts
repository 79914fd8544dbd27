// Starting the process that is to be killed, and hearing what it says until it is gone.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { linesOf, type Line } from "./protocol.ts";
import type { Orders } from "./victim.ts";

const PROGRAM = join(import.meta.dirname, "victim.ts");

export interface Gone {
  readonly lines: readonly Line[];
  /** Why it ended by itself; null when it was killed. */
  readonly failure: string | null;
}

export class Victim {
  readonly gone: Promise<Gone>;
  /** Resolves when it has said something, or is gone. */
  readonly begun: Promise<void>;
  readonly #child: ChildProcess;

  constructor(orders: Orders) {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(orders)], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const said = collect(child.stdio[3] as Readable);
    const complaints = collect(child.stderr as Readable);
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    child.stdio[3]?.once("data", () => begun.resolve());
    this.gone = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        begun.resolve();
        const failure = signal === "SIGKILL" ? null : `exit ${code}: ${complaints().slice(-2_000)}`;
        resolve({ lines: linesOf(said()), failure });
      });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function collect(stream: Readable): () => string {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}
