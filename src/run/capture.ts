// Keeps a bounded part of an attempt's output: its beginning and its end, in the order it came, and which stream
// each piece came from. What lies between is counted and left out.
import { createRedactor, type Patterns } from "./redact.ts";

export type OutputStream = "stdout" | "stderr";

/** Lengths of successive pieces: positive from stdout, negative from stderr. */
export type OutputRuns = readonly number[];

export interface Captured {
  /** What was kept; with a line that says so where something was left out. */
  readonly bytes: Buffer;
  /** Their sum is the length of `bytes`; the line about what was left out counts as stderr. */
  readonly runs: OutputRuns;
  /** All that came, kept or not. */
  readonly totalBytes: number;
  readonly isTruncated: boolean;
}

export interface Capture {
  push(stream: OutputStream, bytes: Uint8Array): void;
  finish(): Captured;
}

interface Piece {
  readonly stream: OutputStream;
  readonly bytes: Buffer;
}

/** The most bytes of output that are kept: three quarters from the beginning, the rest from the end. */
export const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;

const PIECE_BYTES = 64 * 1024;

export function createCapture(bytesMax: number = OUTPUT_BYTES_MAX): Capture {
  const headMax = Math.floor(bytesMax * 0.75);
  const head: Piece[] = [];
  const tail = createTail(bytesMax - headMax);
  let headBytes = 0;
  let totalBytes = 0;
  return {
    push(stream, bytes) {
      totalBytes += bytes.length;
      const fits = Math.min(bytes.length, headMax - headBytes);
      if (fits > 0) head.push(piece(stream, bytes.subarray(0, fits)));
      headBytes += fits;
      for (let at = fits; at < bytes.length; at += PIECE_BYTES) {
        tail.push(piece(stream, bytes.subarray(at, at + PIECE_BYTES)));
      }
    },
    finish() {
      const end = tail.pieces();
      const left = totalBytes - headBytes - end.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const gap = left > 0 ? [piece("stderr", Buffer.from(`\n[${left} bytes left out]\n`))] : [];
      const pieces = [...head, ...gap, ...end];
      const bytes = Buffer.concat(pieces.map((part) => part.bytes));
      return { bytes, runs: runsOf(pieces), totalBytes, isTruncated: left > 0 };
    },
  };
}

/** Redacts once more what was redacted a stream at a time: a secret may lie across both. */
export function redactCaptured(captured: Captured, patterns: Patterns): Captured {
  const redactor = createRedactor(patterns);
  const pieces: Piece[] = [];
  let stream: OutputStream = "stdout";
  let at = 0;
  for (const run of captured.runs) {
    stream = run > 0 ? "stdout" : "stderr";
    const end = at + Math.abs(run);
    pieces.push({ stream, bytes: redactor.push(captured.bytes.subarray(at, end)) });
    at = end;
  }
  pieces.push({ stream, bytes: redactor.end() });
  const bytes = Buffer.concat(pieces.map((part) => part.bytes));
  // As it was: what the redactor holds back for a while would be counted to the other stream.
  if (bytes.equals(captured.bytes)) return captured;
  const totalBytes = captured.totalBytes + bytes.length - captured.bytes.length;
  return { ...captured, bytes, runs: runsOf(pieces), totalBytes };
}

/** The last bytes of a sequence of pieces. Room is made in halves, so that a push costs little on average. */
function createTail(bytesMax: number): { push(part: Piece): void; pieces(): readonly Piece[] } {
  let kept: Piece[] = [];
  let size = 0;
  const cut = (): void => {
    let room = bytesMax;
    let first = kept.length;
    while (first > 0 && room > 0) room -= kept[--first]?.bytes.length ?? 0;
    kept = kept.slice(first);
    const [oldest] = kept;
    if (room < 0 && oldest !== undefined) {
      kept[0] = { stream: oldest.stream, bytes: oldest.bytes.subarray(-room) };
    }
    size = Math.min(size, bytesMax);
  };
  return {
    push(part) {
      kept.push(part);
      size += part.bytes.length;
      if (size > 2 * bytesMax) cut();
    },
    pieces() {
      cut();
      return kept;
    },
  };
}

/** Copies: the bytes may be a view of a larger buffer that is used again. */
function piece(stream: OutputStream, bytes: Uint8Array): Piece {
  return { stream, bytes: Buffer.from(bytes) };
}

function runsOf(pieces: readonly Piece[]): OutputRuns {
  const runs: number[] = [];
  for (const { stream, bytes } of pieces) {
    const length = stream === "stdout" ? bytes.length : -bytes.length;
    const last = runs.at(-1);
    if (last !== undefined && Math.sign(last) === Math.sign(length)) runs[runs.length - 1] = last + length;
    else if (length !== 0) runs.push(length);
  }
  return runs;
}
