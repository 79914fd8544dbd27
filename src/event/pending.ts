// Commands that wait for their stream, and how they are answered.
import type { Decided } from "./batch.ts";
import type { Timed } from "./decider.ts";
import type { Fact } from "./event.ts";
import type { AppendKey } from "./log.ts";

/** A command without its time: the runtime stamps it at the moment of decision. */
export type Untimed<Command> = Command extends Timed ? Omit<Command, "now"> : never;

/** What a command came to. Its events are empty when it changed nothing, was refused, or had been given before. */
export interface Executed<F extends Fact> extends Decided<F> {
  /** The first seq an earlier command with the same key wrote; null when this is the first. */
  readonly repeated: number | null;
  /** Which of the command's keys had been used; null when none. */
  readonly repeatedKey: string | null;
}

export interface Pending<Command, F extends Fact> {
  /** Null asks for nothing but to read on and let happen what is due. */
  readonly command: Untimed<Command> | null;
  readonly keys: readonly string[];
  readonly resolve: (executed: Executed<F>) => void;
  readonly reject: (error: unknown) => void;
}

/** What was decided for who waits. */
export type Answer<Command, F extends Fact> = readonly [waiting: Pending<Command, F>, decided: Decided<F>];

/** At most this many commands are decided for one append, so that no caller waits behind an endless batch. */
const BATCH_COMMANDS_MAX = 256;

/** Takes those that share the next append, in their order. */
export function takeBatch<Waiting extends Pick<Pending<unknown, Fact>, "keys">>(from: {
  waiting: Waiting[];
}): readonly Waiting[] {
  const length = batchLength(from.waiting);
  if (length < from.waiting.length) return from.waiting.splice(0, length);
  const all = from.waiting;
  from.waiting = [];
  return all;
}

/** Answers those whose command was carried out now, or has no key by which it could have been before; gives back the others. */
export function answerCertain<Command, F extends Fact>(
  answers: readonly Answer<Command, F>[],
): readonly Answer<Command, F>[] {
  let uncertain: Answer<Command, F>[] | null = null;
  for (const answer of answers) {
    const [waiting, { events, refusal }] = answer;
    if (events.length > 0 || waiting.keys.length === 0)
      waiting.resolve({ events, refusal, repeated: null, repeatedKey: null });
    else (uncertain ??= []).push(answer);
  }
  return uncertain ?? NONE;
}

/** Answers those with a key that has been used; gives back the others. */
export function answerRepeats<Command, F extends Fact>(
  pending: readonly Pending<Command, F>[],
  { key, seq }: AppendKey,
): readonly Pending<Command, F>[] {
  return pending.filter(({ keys, resolve }) => {
    if (!keys.includes(key)) return true;
    resolve({ events: [], refusal: null, repeated: seq, repeatedKey: key });
    return false;
  });
}

export function rejectAll(pending: readonly Pick<Pending<unknown, Fact>, "reject">[], error: unknown): void {
  for (const { reject } of pending) reject(error);
}

const NONE: readonly never[] = [];

/** How many of those waiting share an append: two with one key do not, for the second repeats the first. */
function batchLength(waiting: readonly Pick<Pending<unknown, Fact>, "keys">[]): number {
  if (waiting.length === 1) return 1;
  const seen = new Set<string>();
  const repeats = waiting.findIndex(({ keys }) => {
    const isRepeat = keys.some((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return isRepeat;
  });
  return Math.min(repeats < 0 ? waiting.length : repeats, BATCH_COMMANDS_MAX);
}
