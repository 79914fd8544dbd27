// What a command speaks through: data goes to `out`, everything else to `err`.

/** A stream of text, perhaps a terminal. */
export interface Output extends NodeJS.EventEmitter {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The options that said where the data is, with their values: commands to type next are told them too (`hint`). */
  readonly carried?: readonly (readonly [flag: string, value: string])[];
}

/** The streams and the environment of this process. */
export function processIo(): Io {
  return { out: process.stdout, err: process.stderr, env: process.env };
}

/** Writes a line of data. */
export function print(io: Io, line: string): void {
  io.out.write(`${line}\n`);
}

/** Writes one JSON document, or with NDJSON one of its lines. */
export function printJson(io: Io, value: object): void {
  io.out.write(`${JSON.stringify(value)}\n`);
}

/** Writes a line that is not data. */
export function note(io: Io, line: string): void {
  io.err.write(`${line}\n`);
}
