// A server that a test starts for itself: in a temporary folder, on a free port of this machine, ended by its pid.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** What the server says when it can be used. */
  readonly ready: RegExp;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** A running server and the processes it has started. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #onExit: () => void;
  /** What it said until it was ready. */
  readonly output: string;

  private constructor(child: ChildProcess, output: string) {
    this.output = output;
    this.#child = child;
    this.#onExit = () => void child.kill("SIGKILL");
    // Whatever becomes of the tests, the server goes with them.
    process.once("exit", this.#onExit);
  }

  /** Resolves when the server says that it is ready; rejects with what it said when it ends before. */
  static async start({ file, args, ready, uid, gid }: ServerCommand): Promise<ServerProcess> {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        if (ready.test(output)) resolve();
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${file} ended: ${output}`)));
    });
    return new ServerProcess(child, output);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it in order. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    process.removeListener("exit", this.#onExit);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }

  /** SIGKILL, to it and all it has started, as far as Linux tells. */
  async kill(): Promise<void> {
    const others = childrenOf(this.pid);
    await this.stop("SIGKILL");
    for (const pid of others) killOne(pid);
  }
}

/** A port nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port was given.");
  return address.port;
}

function childrenOf(pid: number): readonly number[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? [];
    // 0 and less would name groups of processes, this one's among them.
    return pids.map(Number).filter((one) => one > 0);
  } catch {
    return [];
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with its parent.
  }
}
