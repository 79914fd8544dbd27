// Reads what strace wrote (`-f -y -xx`): each call with its arguments, once it had ended, in the order of ends.

/** A call that succeeded. */
export interface SystemCall {
  readonly name: string;
  /** As strace writes them. */
  readonly args: readonly string[];
  /** What it returned. */
  readonly result: string;
}

const LINE = /^(\d+) +(.*)$/;
const CALL = /^(\w+)\((.*)\) += (\d.*)$/;
const UNFINISHED = " <unfinished ...>";
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/;

export function* systemCalls(trace: string): Generator<SystemCall> {
  const begun = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, pid = "", text = ""] = LINE.exec(line) ?? [];
    if (text.endsWith(UNFINISHED)) {
      begun.set(pid, text.slice(0, -UNFINISHED.length));
      continue;
    }
    const rest = RESUMED.exec(text)?.[1];
    const whole = rest === undefined ? text : `${begun.get(pid) ?? ""}${rest}`;
    const [, name, args = "", result = ""] = CALL.exec(whole) ?? [];
    // With everything in hexadecimal, no argument holds a comma.
    if (name !== undefined) yield { name, args: args.split(", "), result };
  }
}

/** The bytes of `"\x61\x62"`. Throws when strace has cut them off. */
export function bytesIn(arg: string): Buffer {
  if (!arg.startsWith('"') || !arg.endsWith('"')) throw new Error(`Not a whole string: ${arg.slice(-40)}`);
  return Buffer.from(arg.slice(1, -1).replaceAll("\\x", ""), "hex");
}

/** The path of `21<\x2f\x61>`; null when it leads to none. */
export function pathOfDescriptor(arg: string): string | null {
  const escaped = /^\d+<((?:\\x[0-9a-f]{2})+)>/.exec(arg)?.[1];
  return escaped === undefined ? null : Buffer.from(escaped.replaceAll("\\x", ""), "hex").toString();
}
