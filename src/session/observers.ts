// Callbacks of users. Each is called after commit, in order, one call at a time unless one hangs; one that throws or
// hangs harms nothing and is reported once.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { callbackContext } from "./callback-context.ts";

/** A callback that has not returned after this is passed over: the next call goes ahead. */
export const CALLBACK_MS_MAX = 10_000;

/**
 * While one that was passed over has not come back, those after it are called beside each other, and whoever waits for
 * them all waits so long: a callback that hangs has its ten seconds once, and not once a call.
 */
export const AFTER_A_HANG_MS_MAX = 1_000;

export class Observer<Subject> {
  readonly #name: string;
  readonly #callback: (subject: Subject) => unknown;
  readonly #clock: Clock;
  readonly #report: (problem: HolodeckError) => void;
  #reported = false;
  readonly #waiting: Subject[] = [];
  #busy = false;
  #calling: Promise<void> = Promise.resolve();
  /** The call under way. */
  #call: object | null = null;
  /** Calls that nobody waits for before the next. */
  readonly #beside = new Map<object, Promise<void>>();
  /** How many were passed over and have not come back. */
  #hanging = 0;

  constructor({
    name,
    callback,
    clock,
    report,
  }: {
    readonly name: string;
    readonly callback: (subject: Subject) => unknown;
    readonly clock: Clock;
    readonly report: (problem: HolodeckError) => void;
  }) {
    this.#name = name;
    this.#callback = callback;
    this.#clock = clock;
    this.#report = report;
  }

  /** Calls at once when no earlier call is under way, else after it. Never throws. */
  notify(subject: Subject): void {
    this.#waiting.push(subject);
    if (!this.#busy) this.#calling = this.#callAll();
  }

  /**
   * Resolves when every call has returned or been passed over; at once for who asks from inside the call under way,
   * which would wait for itself.
   */
  async idle(): Promise<void> {
    const own = callbackContext.getStore();
    if (own === this.#call) return;
    await this.#calling;
    for (const [call, done] of this.#beside) if (call !== own) await done;
  }

  async #callAll(): Promise<void> {
    this.#busy = true;
    for (let subject = this.#waiting.shift(); subject !== undefined; subject = this.#waiting.shift()) {
      const call = {};
      this.#call = call;
      const done = this.#callOne(call, subject);
      if (this.#hanging === 0) await done;
      else
        this.#beside.set(
          call,
          done.finally(() => this.#beside.delete(call)),
        );
    }
    this.#busy = false;
    this.#call = null;
  }

  /** Resolves when it has returned or is passed over. */
  async #callOne(call: object, subject: Subject): Promise<void> {
    try {
      const returned = callbackContext.run(call, () => this.#callback(subject));
      if (isPromise(returned)) await this.#patiently(returned);
    } catch (cause) {
      this.#reportOnce("threw", "Catch the error inside the callback.", cause);
    }
  }

  async #patiently(returned: PromiseLike<unknown>): Promise<void> {
    const patienceMs = this.#hanging === 0 ? CALLBACK_MS_MAX : AFTER_A_HANG_MS_MAX;
    const done = new AbortController();
    const tooLong = this.#clock.sleep(patienceMs, done.signal).then(() => "hangs");
    const first = await Promise.race([Promise.resolve(returned).then(() => "returned"), tooLong]).finally(
      () => done.abort(),
    );
    if (first !== "hangs") return;
    this.#hanging += 1;
    const isBack = (): unknown => (this.#hanging -= 1);
    Promise.resolve(returned).then(isBack, isBack);
    const todo = `Return within ${CALLBACK_MS_MAX / 1_000} s; a durable effect belongs into a reactor.`;
    this.#reportOnce("did not return", todo);
  }

  #reportOnce(did: string, todo: string, cause?: unknown): void {
    if (this.#reported) return;
    this.#reported = true;
    const what = `The callback ${this.#name} ${did}${cause instanceof Error ? `: ${cause.message}` : ""}.`;
    this.#report(new HolodeckError("callback_failed", { what, todo, cause }));
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
