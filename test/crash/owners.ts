// Starting a process that holds a lease, stopping it in its tracks, and hearing what it says.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { OwnerOrders, Said } from "./owner.ts";

export class Owner {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #said: (readonly [what: string, about: string])[] = [];
  #complaints = "";
  #heard = (): void => undefined;

  constructor(orders: OwnerOrders) {
    const path = join(import.meta.dirname, "owner.ts");
    const child = spawn(process.execPath, [path, JSON.stringify(orders)], {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#gone = once(child, "close").then(() => this.#heard());
    child.stdin?.on("error", () => {});
    child.stderr?.on("data", (bytes: Buffer) => (this.#complaints += bytes.toString()));
    createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
      const space = line.indexOf(" ");
      this.#said.push([line.slice(0, space), line.slice(space + 1)]);
      this.#heard();
    });
  }

  /** What it said with it; rejects when it is gone without having said so. */
  async said(what: Said): Promise<string> {
    for (;;) {
      const line = this.#said.find(([one]) => one === what);
      if (line !== undefined) return line[1];
      if (this.#isGone) throw new Error(`It ended without saying ${what}: ${this.#complaints.slice(-2_000)}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  hasSaid(what: Said): boolean {
    return this.#said.some(([one]) => one === what);
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Lets it come to its end; answers what it complained of. */
  async finish(): Promise<string> {
    this.#child.stdin?.end();
    await this.#gone;
    return this.#child.exitCode === 0 ? "" : `exit ${this.#child.exitCode}: ${this.#complaints}`;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  get #isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
