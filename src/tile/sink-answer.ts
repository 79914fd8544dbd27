// What an HTTP answer to `POST /submit` means (spec/wire.md §1).
import type { SinkAnswer } from "./sink.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** The beginning of the body. */
  readonly body: string;
}

/** However long a server asks to be left alone, it is tried again after this. */
const RETRY_AFTER_MS_MAX = 3_600_000;

const REASON_LENGTH_MAX = 500;

/** `now` in milliseconds since the epoch: `Retry-After` may be a date. */
export function sinkAnswerOf(answer: HttpAnswer, now: number): SinkAnswer {
  const { status, body } = answer;
  // Gate 6: the room has the same question and answer already, so an answer of ours was lost on the way.
  if ((status === 403 || status === 409) && /duplicat/i.test(body)) return { status: "delivered" };
  // A key that is missing or has ended says nothing of the tile: it waits until the sender has one.
  return answerOf(answer, now, TRIED_AGAIN_AT_PLATO);
}

const TRIED_AGAIN: ReadonlySet<number> = new Set([408, 429]);
const TRIED_AGAIN_AT_PLATO: ReadonlySet<number> = new Set([...TRIED_AGAIN, 401]);

/** What an answer means to any POST: 2xx took it; 5xx and those in `triedAgain` may take it later, all else never. */
export function answerOf(
  { status, retryAfter, body }: HttpAnswer,
  now: number,
  triedAgain: ReadonlySet<number> = TRIED_AGAIN,
): SinkAnswer {
  if (status >= 200 && status < 300) return { status: "delivered" };
  const reason = `HTTP ${status}${reasonIn(body)}`;
  if (status >= 500 || triedAgain.has(status)) {
    return { status: "retry", reason, afterMs: retryAfterMs(retryAfter, now) };
  }
  return { status: "refused", reason, code: status };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(value: string | null, now: number): number | null {
  if (value === null) return null;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

/** `: <reason>` from the members servers put it in, else from the text itself. */
function reasonIn(body: string): string {
  const text = (reasonMember(body) ?? body)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return text === "" ? "" : `: ${text.slice(0, REASON_LENGTH_MAX)}`;
}

function reasonMember(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return null;
    const { reason, error, detail } = parsed as Readonly<Record<string, unknown>>;
    return [reason, error, detail].find((one) => typeof one === "string") ?? null;
  } catch {
    return null;
  }
}
