// What an attempt and its guard say to each other: a JSON object a line, over one pipe. The pipe's end is a message
// too: for the guard it means that its parent is gone.
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { OutputStream } from "./capture.ts";
import type { Secrets } from "./redact.ts";

/** What a guard runs once it may. */
export interface GoSpec {
  /** The program and its arguments, as they are. */
  readonly argv: readonly [string, ...string[]];
  /** An absolute path. */
  readonly cwd: string;
  /** All that the command sees besides `secrets` and what the guard adds (HOLODECK_RESULT_FILE, _ATTEMPT_KEY, _PROMPT_FILE). */
  readonly env: Readonly<Record<string, string>>;
  /** Passed on in the environment; taken out of everything that is kept. */
  readonly secrets: Secrets;
  /** Written to a file of which HOLODECK_PROMPT_FILE holds the path; see `promptFile`. */
  readonly prompt?: string;
  /** Paths or globs below `cwd`. */
  readonly artifacts?: readonly string[];
  /** Ends the command when it writes nothing for so long, in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** Default 8 MiB. */
  readonly outputBytesMax?: number;
}

/** Why a parent ends an attempt. */
export type StopReason = "stop" | "timeout";

export type ToGuard =
  | { readonly type: "go"; readonly spec: GoSpec }
  | { readonly type: "stop"; readonly reason: StopReason };

/** A piece of redacted output as it comes. */
export interface OutputReport {
  readonly stream: OutputStream;
  readonly text: string;
  /** Bytes before this piece that were not reported, because the parent did not keep up; they are in the spool. */
  readonly skippedBytes: number;
}

export type FromGuard =
  | { readonly type: "ready"; readonly startTime: number }
  | { readonly type: "started"; readonly pid: number }
  | ({ readonly type: "output" } & OutputReport)
  | { readonly type: "failed"; readonly error: string };

/** The descriptor of the pipe in the guard. */
export const CONTROL_FD = 3;

/** Where a prompt lies while its attempt runs: `{{prompt_file}}` in an agent's command. */
export function promptFile(spoolDir: string): string {
  return join(spoolDir, "task", "prompt");
}

/**
 * Calls back for each message: `ToGuard` in the guard, `FromGuard` in its parent. A line that is not JSON is what a
 * broken peer sends: it ends the pipe.
 */
export function onMessages(pipe: Duplex, listener: (message: ToGuard | FromGuard) => void): void {
  const decoder = new StringDecoder("utf8");
  let open: string[] = [];
  pipe.on("data", (bytes: Buffer) => {
    const [first = "", ...rest] = decoder.write(bytes).split("\n");
    open.push(first);
    for (const next of rest) {
      const line = open.join("");
      open = [next];
      try {
        listener(JSON.parse(line) as ToGuard | FromGuard);
      } catch (cause) {
        pipe.destroy(cause instanceof Error ? cause : new Error(String(cause)));
        return;
      }
    }
  });
}

/** False when the peer reads more slowly than we write. */
export function send(pipe: Duplex, message: ToGuard | FromGuard): boolean {
  return pipe.writable && pipe.write(`${JSON.stringify(message)}\n`);
}
