import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** By their names: each is one test of this folder. */
const ATTACKS = [
  "rebinding Host",
  "duplicate Host",
  "foreign Origin",
  "text/plain form post",
  "preflight",
  "wrong key",
  "key in query",
  "another's session",
  "mass-assigned role",
  "__proto__ keys",
  "depth 100,000",
  "gzip bomb and chunked over-limit",
  "duplicate keys, lone surrogates, 1e400",
  "regex-bait in search",
  "slow headers and body",
  "10,000 idle sockets",
  "a stream reader that never reads",
  "newline in SSE fields",
  "forged and future Last-Event-ID",
  "CL+TE smuggling",
  "..%2f, NUL, reserved names",
  "SSRF forms",
  "replayed and concurrent completes",
  "negative, NaN, overflowing numbers",
  "a tile whose text orders the reader to grant rights",
];

test("each of the twenty-five attacks is a test, once", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  const found = files.flatMap((name) => {
    const text = readFileSync(join(import.meta.dirname, name), "utf8");
    return [...text.matchAll(/^test\("([^"]+)"/gm)].map(([, attack = ""]) => attack);
  });
  const own = found.filter((name) => name.startsWith("each of"));
  expect(found.toSorted()).toEqual([...ATTACKS, ...own].toSorted());
  expect(ATTACKS).toHaveLength(25);
});
