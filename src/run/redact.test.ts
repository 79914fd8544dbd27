import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../event/json.ts";
import { createRedactor, redactBytes, redactJson, redactText, secretPatterns } from "./redact.ts";
import { secretForms } from "./secret-forms.ts";

// Of characters that no marker holds, so that a marker cannot itself look like a secret.
const secret = fc.string({
  unit: fc.constantFrom("x", "y", '"', "/", "+", "é", "\n", "%", " "),
  minLength: 4,
});
const filler = fc.string({ unit: fc.constantFrom("x", "y", "Z", '"', "/", "é", "\n", "=", "0") });

/** A text in which secrets and beginnings of secrets stand close together, and where to cut it. */
const scene = fc.record({ a: secret, b: secret }).chain(({ a, b }) =>
  fc.record({
    secrets: fc.constant({ A: a, B: b }),
    parts: fc.array(
      fc.oneof(
        filler,
        fc.constantFrom(a, b, a.slice(0, -1), b.slice(1), encodeURIComponent(a)),
        fc.constantFrom(JSON.stringify(b), Buffer.from(a).toString("base64"), `${a.slice(0, 2)}${b}`),
      ),
    ),
    cuts: fc.array(fc.nat({ max: 12 }), { minLength: 1 }),
  }),
);

/** The naive twin: marks every byte of every occurrence in the whole, then replaces each run. */
function redactNaively(secrets: Readonly<Record<string, string>>, text: Buffer): string {
  const forms = Object.entries(secrets).flatMap(([name, value]) =>
    secretForms(value).map((bytes) => ({ name, bytes })),
  );
  const out: Buffer[] = [];
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const here = forms.filter(({ bytes }) => bytes.equals(text.subarray(at, at + bytes.length)));
    here.sort((one, other) => other.bytes.length - one.bytes.length);
    const [longest] = here;
    if (longest !== undefined && at >= end) out.push(Buffer.from(`[redacted ${longest.name}]`));
    if (longest !== undefined) end = Math.max(end, at + longest.bytes.length);
    if (at >= end) out.push(text.subarray(at, at + 1));
  }
  return Buffer.concat(out).toString();
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("A redactor", () => {
  test("gives for any chunking what the whole would give, and never a secret", () => {
    fc.assert(
      fc.property(scene, ({ secrets, parts, cuts }) => {
        const text = Buffer.from(parts.join(""));
        const redactor = createRedactor(secretPatterns(secrets));
        const chunks = cut(text, cuts).map((chunk) => redactor.push(chunk));
        const out = Buffer.concat([...chunks, redactor.end()]);
        expect(out.toString()).toBe(redactNaively(secrets, text));
        for (const value of Object.values(secrets)) expect(out.toString()).not.toContain(value);
      }),
      { numRuns: 1000 },
    );
  });

  test("finds a secret within longer base64 and base64url data at every alignment", () => {
    const patterns = secretPatterns({ KEY: "s3cr3t?>~value" });
    for (const before of ["", "u", "us", "use", "user:"]) {
      const data = Buffer.from(`${before}s3cr3t?>~value:rest`);
      expect(redactText(patterns, data.toString("base64"))).toContain("[redacted KEY]");
      expect(redactText(patterns, data.toString("base64url"))).toContain("[redacted KEY]");
    }
  });

  test("finds a secret escaped as JSON, in ASCII JSON and percent-encoded in either case", () => {
    const patterns = secretPatterns({ KEY: 'pä"ß/wörd' });
    const forms = [
      JSON.stringify('pä"ß/wörd').slice(1, -1),
      String.raw`p\u00e4\"\u00df/w\u00f6rd`,
      String.raw`p\u00E4\"\u00DF\/w\u00F6rd`,
      "p%C3%A4%22%C3%9F%2Fw%C3%B6rd",
      "p%c3%a4%22%c3%9f%2fw%c3%b6rd",
    ];
    for (const form of forms) expect(redactText(patterns, `<${form}>`)).toBe("<[redacted KEY]>");
  });

  test("finds a secret in hexadecimal, and with each character escaped", () => {
    const patterns = secretPatterns({ KEY: "hunter/22" });
    const hex = Buffer.from("hunter/22").toString("hex");
    const escaped = "hunter/22"
      .split("")
      .map((one) => `\\u00${one.charCodeAt(0).toString(16)}`)
      .join("");
    for (const form of [hex, hex.toUpperCase(), escaped]) {
      expect(redactText(patterns, `<${form}>`)).toBe("<[redacted KEY]>");
    }
  });

  test("takes the longest secret where two begin, and covers what overlaps", () => {
    const patterns = secretPatterns({ SHORT: "abcd", LONG: "abcdefgh", NEXT: "ghij" });
    expect(redactText(patterns, "-abcdefgh-abcd-")).toBe("-[redacted LONG]-[redacted SHORT]-");
    expect(redactText(patterns, "-abcdefghij-")).toBe("-[redacted LONG]-");
  });

  test("lets a line through at once when it cannot be a secret's beginning", () => {
    const redactor = createRedactor(secretPatterns({ KEY: "hunter22hunter22" }));
    expect(redactor.push(Buffer.from("done\n")).toString()).toBe("done\n");
    expect(redactor.push(Buffer.from("hunter")).toString()).toBe("");
    expect(redactor.end().toString()).toBe("hunter");
  });

  test("finds the lines of a key of several lines alone", () => {
    const patterns = secretPatterns({ PEM: "-----BEGIN-----\nMIIabcdefgh\n-----END-----\n" });
    expect(redactText(patterns, "  MIIabcdefgh\r\n")).toBe("  [redacted PEM]\r\n");
  });

  test("leaves bytes that are no text as they are", () => {
    const bytes = Buffer.from([0, 255, 128, 10, 0, 254]);
    expect(redactBytes(secretPatterns({ KEY: "hunter22" }), bytes)).toEqual(bytes);
  });

  test("reaches every text and key in JSON", () => {
    const patterns = secretPatterns({ KEY: "hunter22" });
    const value = { a: ["hunter22", 1, null], hunter22: { b: "x hunter22 y", c: true } };
    expect(JSON.stringify(redactJson(patterns, value))).not.toContain("hunter22");
  });

  test("finds a secret that is a number, however it was written", () => {
    const patterns = secretPatterns({ PIN: "8273645" });
    const value = JSON.parse('{"n": 82736.45e2, "m": 12}') as Json;
    expect(redactJson(patterns, value)).toEqual({ n: "[redacted PIN]", m: 12 });
  });

  test("refuses a secret that is too short to be told from other text", () => {
    expect(() => secretPatterns({ PIN: "123" })).toThrow(/PIN has fewer than 4 characters/);
  });
});
