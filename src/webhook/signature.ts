// How a post says whom it is from: HMAC-SHA256 over `<id>.<unix seconds>.<body>`, in the headers and with the secrets of
// the Standard Webhooks specification 1.0 (standardwebhooks.com), so that its libraries verify ours in any language.
import { createHmac } from "node:crypto";

export interface Signed {
  readonly id: string;
  /** Unix seconds, when it is sent. */
  readonly timestamp: number;
  readonly body: string;
}

export const ID_HEADER = "webhook-id";
export const TIMESTAMP_HEADER = "webhook-timestamp";
export const SIGNATURE_HEADER = "webhook-signature";

export const SECRET_TODO =
  "Use whsec_ and 24 to 64 random bytes in base64, as `echo whsec_$(openssl rand -base64 32)` makes them.";

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** The key in a secret; null when it is none. */
export function keyIn(secret: string): Uint8Array | null {
  const key = Buffer.from(SECRET.exec(secret)?.[1] ?? "", "base64");
  return key.length >= 24 && key.length <= 64 ? key : null;
}

/** `v1,<base64>` */
export function signatureOf(key: Uint8Array, { id, timestamp, body }: Signed): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}
