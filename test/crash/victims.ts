// Starting a process that is to be killed or paused, and hearing what it says until it is gone.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { linesOf, type Line } from "./protocol.ts";
import type { HammerOrders } from "./hammer.ts";
import type { Orders } from "./victim.ts";

export interface Gone {
  readonly lines: readonly Line[];
  /** Why it ended by itself; null when it was killed, or had done all there was to do. */
  readonly failure: string | null;
}

export class Victim {
  readonly gone: Promise<Gone>;
  /** Resolves when it has said something, or is gone. */
  readonly begun: Promise<void>;
  readonly #child: ChildProcess;

  private constructor(program: string, orders: Orders | HammerOrders) {
    const path = join(import.meta.dirname, program);
    const child = spawn(process.execPath, [path, JSON.stringify(orders)], {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const said = collect(child.stdio[3] as Readable);
    const complaints = collect(child.stderr as Readable);
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    // It may be gone before it is told to finish.
    child.stdin?.on("error", () => {});
    child.stdio[3]?.once("data", () => begun.resolve());
    this.gone = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        begun.resolve();
        const failure =
          signal === "SIGKILL" || code === 0 ? null : `exit ${code}: ${complaints().slice(-2_000)}`;
        resolve({ lines: linesOf(said()), failure });
      });
    });
  }

  /** Works until it is killed. */
  static working(orders: Orders): Victim {
    return new Victim("victim.ts", orders);
  }

  /** Wants what others want as well. */
  static hammering(orders: HammerOrders): Victim {
    return new Victim("hammer.ts", orders);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Stops it in its tracks: it does not know. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Tells it to bring what it does to an end. */
  finish(): void {
    this.#child.stdin?.end();
  }

  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function collect(stream: Readable): () => string {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}
