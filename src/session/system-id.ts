// Ids that sort by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (the layout of a ULID,
// in lower case).
import { randomBytes } from "node:crypto";
import type { Random } from "./host.ts";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** 26 characters for 128 bits, the most significant first. */
export function encodeId(milliseconds: number, random: Uint8Array): string {
  let value = BigInt(Math.max(0, Math.trunc(milliseconds)));
  for (const byte of random.subarray(0, 10)) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = DIGITS.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/** Ids from the machine's randomness. */
export const systemRandom: Random = {
  id: (now) => encodeId(now, randomBytes(10)),
};
