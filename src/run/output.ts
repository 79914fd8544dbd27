// Follows a command's stdout and stderr: redacts them before anything else sees them, keeps a bounded part, knows the
// last line of stdout, and reports pieces to the parent as far as the parent keeps up.
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { createCapture, redactCaptured, type Captured, type OutputStream } from "./capture.ts";
import { send } from "./guard-protocol.ts";
import { createRedactor, type Patterns } from "./redact.ts";
import { createLastLine } from "./result.ts";

export interface OutputParams {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly patterns: Patterns;
  readonly control: Socket;
  readonly bytesMax: number | undefined;
}

export interface Output {
  /** When something was last written, by the monotonic clock in milliseconds. */
  lastAt(): number;
  /** Waits until both pipes have ended, but no longer than `waitMs`: a process that escaped may hold one open. */
  end(waitMs: number): Promise<OutputEnd>;
}

export interface OutputEnd extends Captured {
  /** The last line of stdout that is not blank, cut when it is longer than a result may be. */
  readonly lastLine: string;
}

/** Reports wait in the parent's pipe up to this many bytes; further ones are skipped. */
const REPORT_BYTES_MAX = 512 * 1024;

export function followOutput(params: OutputParams): Output {
  const { stdout, stderr, patterns, control, bytesMax } = params;
  const capture = createCapture(bytesMax);
  const lastLine = createLastLine();
  const report = createReporter(control);
  let lastAt = performance.now();
  const follow = async (stream: OutputStream, reader: Socket): Promise<void> => {
    const redactor = createRedactor(patterns);
    const pass = (bytes: Buffer): void => {
      capture.push(stream, bytes);
      if (stream === "stdout") lastLine.push(bytes);
      report(stream, bytes);
    };
    reader.on("data", (bytes: Buffer) => {
      lastAt = performance.now();
      pass(redactor.push(bytes));
    });
    // A broken pipe is an end like any other.
    reader.on("error", () => reader.destroy());
    await new Promise((resolve) => reader.once("close", resolve));
    pass(redactor.end());
  };
  const ended = Promise.all([follow("stdout", stdout), follow("stderr", stderr)]);
  return {
    lastAt: () => lastAt,
    async end(waitMs) {
      const patience = setTimeout(() => (stdout.destroy(), stderr.destroy()), waitMs);
      await ended;
      clearTimeout(patience);
      return { ...redactCaptured(capture.finish(), patterns), lastLine: lastLine.get() };
    },
  };
}

/** A line ends where the stream changes: half a secret in each must not meet the other half on a screen. */
function createReporter(control: Socket): (stream: OutputStream, bytes: Buffer) => void {
  const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  let last: OutputStream | null = null;
  let isLineOpen = false;
  let skippedBytes = 0;
  return (stream, bytes) => {
    if (bytes.length === 0) return;
    if (control.writableLength > REPORT_BYTES_MAX) {
      skippedBytes += bytes.length;
      return;
    }
    const lineBreak = isLineOpen && last !== stream ? "\n" : "";
    const text = lineBreak + decoders[stream].write(bytes);
    send(control, { type: "output", stream, text, skippedBytes });
    last = stream;
    isLineOpen = bytes.at(-1) !== 0x0a;
    skippedBytes = 0;
  };
}
