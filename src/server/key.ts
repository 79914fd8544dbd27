// A key's text: made once, shown once, and from then on known by its SHA-256 alone. A digest without salt is enough for
// 256 random bits: there is nothing to guess.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Hash } from "../event/event.ts";

/** So that people, and scanners of what should not be public, know one when they see it. */
const PREFIX = "hk_";

export function makeKey(): string {
  return `${PREFIX}${randomBytes(32).toString("base64url")}`;
}

export function digestOf(key: string): Hash {
  return createHash("sha256").update(key).digest("hex");
}

/** Whether a text reads like one of our keys. */
export function isKeyLike(text: string): boolean {
  return /^hk_[A-Za-z0-9_-]{43}$/.test(text);
}

/**
 * Whether a text reads like a JWT, whoever signed it: three parts of base64url, of which the first is an object that
 * names an algorithm (RFC 7515 §3.1, §4.1.1). A key may have dots in it too.
 */
export function isTokenLike(text: string): boolean {
  const [, header] = /^([\w-]+)\.[\w-]*\.[\w-]*$/.exec(text) ?? [];
  if (header === undefined) return false;
  try {
    const read: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
    return typeof read === "object" && read !== null && "alg" in read;
  } catch {
    return false;
  }
}

/** A digest as it is compared, and whose it is. */
export interface Known<Whose> {
  readonly digest: Buffer;
  readonly whose: Whose;
}

export function known<Whose>(digest: Hash, whose: Whose): Known<Whose> {
  return { digest: Buffer.from(digest, "hex"), whose };
}

/** Whose digest it is; null for nobody's. Each is compared whole, so the time tells nothing of which it was. */
export function findByDigest<Whose>(all: readonly Known<Whose>[], digest: Hash): Whose | null {
  const asked = Buffer.from(digest, "hex");
  let found: Whose | null = null;
  for (const one of all) found = timingSafeEqual(one.digest, asked) ? one.whose : found;
  return found;
}
