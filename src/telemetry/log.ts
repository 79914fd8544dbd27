// What a long-running process says of itself, a line each: for people on a terminal, as JSON for programs. Whatever reads
// like a key, a token or a password is masked, whoever put it there.

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export type Say = (message: string, facts?: Facts) => void;

export interface Log {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}

export interface LogOptions {
  /** Nothing below this is said. */
  readonly level: LogLevel;
  readonly isJson: boolean;
  /** Takes a line without its end. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Texts that must not appear, such as an operator's key. */
  readonly secrets?: readonly string[];
}

const MASK = "[masked]";

/** Names whose values are not for a log. */
const SECRET_NAME = /authorization|cookie|password|secret|token|api.?key/i;

/** Keys of ours, JWTs, what follows `Bearer`, and passwords in URLs. */
const SECRET_FORMS =
  /\bhk_[A-Za-z0-9_-]{43}|\beyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*|(?<=\bbearer\s)\S+|(?<=:\/\/[^/\s:@]*:)[^/\s@]+(?=@)/gi;

export function makeLog({ level, isJson, write, now, secrets = [] }: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(level);
  const say = (of: LogLevel): Say => {
    if (LOG_LEVELS.indexOf(of) < least) return () => undefined;
    return (message, facts = {}) => {
      const line = isJson
        ? JSON.stringify(masked({ at: new Date(now()).toISOString(), level: of, message, ...facts }, secrets))
        : plainLine(of, masked({ message, ...facts }, secrets));
      write(line);
    };
  };
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** `holodeck: warn: message (port 8848, host 127.0.0.1)` */
function plainLine(level: LogLevel, { message, ...facts }: Facts): string {
  const rest = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`);
  const sentence = `holodeck: ${level === "info" ? "" : `${level}: `}${String(message)}`;
  return oneLine(rest.length === 0 ? sentence : `${sentence} (${rest.join(", ")})`);
}

/** Nothing in a message may end its line, or move the cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

function masked(facts: Facts, secrets: readonly string[]): Facts {
  const entries = Object.entries(facts).map(([name, value]) => {
    if (SECRET_NAME.test(name) && value !== null) return [name, MASK];
    return [name, typeof value === "string" ? withoutSecrets(value, secrets) : value];
  });
  return Object.fromEntries(entries) as Facts;
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let rest = text.replaceAll(SECRET_FORMS, MASK);
  for (const secret of secrets) if (secret !== "") rest = rest.replaceAll(secret, MASK);
  return rest;
}
