// For receivers of webhooks, in programs of their own: whether a post is from whom has the secret, and new.
import { hash, timingSafeEqual } from "node:crypto";
import { HolodeckError } from "../event/error.ts";
import type { WebhookPost } from "./kinds.ts";
import {
  ID_HEADER,
  keyIn,
  SECRET_TODO,
  SIGNATURE_HEADER,
  signatureOf,
  TIMESTAMP_HEADER,
} from "./signature.ts";

export interface VerifyWebhook {
  /** `whsec_…`; while a secret is being changed, both. */
  readonly secret: string | readonly string[];
  /** The request's: of Node's `http`, or of a `Request`. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The request's body as it came, byte for byte. */
  readonly body: string | Uint8Array;
  /** How far its time may be from now, in seconds, for clocks that differ. Default 300. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since the epoch. Default the wall clock. */
  readonly now?: number;
}

export interface VerifiedWebhook {
  /** The same each time the same post comes: keep it for a while, and drop what comes again. */
  readonly id: string;
  readonly post: WebhookPost;
}

const TOLERANCE_SECONDS = 300;

/**
 * What a webhook was told. Throws `denied` when the post is unsigned, was signed with another secret, was changed on its
 * way, or is too old; `invalid_argument` for a secret that is none.
 *
 * ```ts
 * const { id, post } = verifyWebhook({ secret, headers: request.headers, body: await request.text() });
 * if (!seen.has(id)) await act(seen.add(id), post);
 * ```
 */
export function verifyWebhook(received: VerifyWebhook): VerifiedWebhook {
  const { secret, headers, toleranceSeconds = TOLERANCE_SECONDS, now = Date.now() } = received;
  const keys = (typeof secret === "string" ? [secret] : secret).map(checkedKey);
  const body = typeof received.body === "string" ? received.body : Buffer.from(received.body).toString();
  const id = header(headers, ID_HEADER);
  const sent = header(headers, TIMESTAMP_HEADER);
  const timestamp = /^\d{1,12}$/.test(sent) ? Number(sent) : Number.NaN;
  // Not so when it is no number.
  if (!(Math.abs(now / 1_000 - timestamp) <= toleranceSeconds)) throw denied("is too old, or bears no time");
  const expected = keys.map((key) => signatureOf(key, { id, timestamp, body }));
  const given = header(headers, SIGNATURE_HEADER).split(" ");
  if (id === "" || !expected.some((one) => given.some((other) => isSame(one, other))))
    throw denied("is not signed with this secret, or was changed on its way");
  return { id, post: JSON.parse(body) as WebhookPost };
}

function checkedKey(secret: string): Uint8Array {
  const key = keyIn(secret);
  if (key !== null) return key;
  throw new HolodeckError("invalid_argument", { what: "The secret is no webhook's.", todo: SECRET_TODO });
}

/** In constant time, whatever their lengths. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}

/** Empty when it is missing; of several the first. */
function header(headers: VerifyWebhook["headers"], name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? "";
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return (typeof entry === "string" ? entry : entry?.[0]) ?? "";
}

function denied(what: string): HolodeckError {
  return new HolodeckError("denied", {
    what: `The post ${what}.`,
    todo: "Answer with 401 and do nothing else; check the secret and the clock if it should have come.",
  });
}
