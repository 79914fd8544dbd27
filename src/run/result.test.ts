import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secretPatterns } from "./redact.ts";
import { createLastLine, RESULT_BYTES_MAX, resultFromFile, resultFromLine } from "./result.ts";

const patterns = secretPatterns({ KEY: "hunter22" });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-result-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function resultIn(text: string): ReturnType<typeof resultFromFile> {
  writeFileSync(join(folder, "result"), text);
  return resultFromFile(join(folder, "result"), patterns);
}

/** What a last line comes to that is longer than a result may be, in chunks. */
function resultOfLong(begin: string, end: string): ReturnType<typeof resultFromLine> {
  const last = createLastLine();
  last.push(Buffer.from(begin));
  for (let chunk = 0; chunk < 3; chunk++) last.push(Buffer.from("x".repeat(RESULT_BYTES_MAX)));
  for (const rest of [end, " \t", "\n", "\n \n"]) last.push(Buffer.from(rest));
  return resultFromLine(last.get(), patterns);
}

describe("A result file", () => {
  test("may hold any JSON", () => {
    expect(resultIn('{"lines": [1, "two", null]}')).toEqual({
      result: { lines: [1, "two", null] },
      error: null,
    });
    expect(resultIn("42\n")).toEqual({ result: 42, error: null });
  });

  test("loses its secrets, also those that an escape hides until it is parsed", () => {
    expect(resultIn(String.raw`{"a": "hunter22", "b": "\u0068unter22"}`)?.result).toEqual({
      a: "[redacted KEY]",
      b: "[redacted KEY]",
    });
  });

  test("that is no JSON is an error without the secret in it", () => {
    const { result, error } = resultIn("hunter22 is no JSON") ?? {};
    expect(result).toBeNull();
    expect(error).toMatch(/not the JSON/);
    expect(error).not.toContain("hunter22");
  });

  test("that is too large, too deep or changes a prototype is an error", () => {
    expect(resultIn(JSON.stringify("x".repeat(RESULT_BYTES_MAX)))?.error).toMatch(/more than 49152 bytes/);
    expect(resultIn("[".repeat(5000) + "]".repeat(5000))?.error).toMatch(/deeper/);
    expect(resultIn('{"__proto__": 1}')?.error).toMatch(/forbidden key/);
  });

  test("that is a link, a pipe or a folder is not followed and does not hang", () => {
    writeFileSync(join(folder, "target"), "1");
    symlinkSync("target", join(folder, "link"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(resultFromFile(join(folder, "link"), patterns)?.error).toMatch(/cannot be read/);
    expect(resultFromFile(join(folder, "pipe"), patterns)?.error).toMatch(/not a regular file/);
    expect(resultFromFile(folder, patterns)?.error).toMatch(/not a regular file/);
  });

  test("that is not there is no result and no error", () => {
    expect(resultFromFile(join(folder, "none"), patterns)).toBeNull();
  });
});

describe("The last line of stdout", () => {
  test("is a result only as a JSON object", () => {
    expect(resultFromLine('{"ok": true}', patterns).result).toEqual({ ok: true });
    expect(resultFromLine("{not json}", patterns)).toEqual({ result: null, error: null });
    expect(resultFromLine("[1]", patterns)).toEqual({ result: null, error: null });
  });

  test("is the last that is not blank, in whatever chunks it comes", () => {
    const lines = fc.array(fc.constantFrom("", " ", "one", "two words", '{"a":1}', "\t"));
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), (written, size) => {
        const text = written.join("\n");
        const last = createLastLine();
        for (let at = 0; at < text.length; at += size) last.push(Buffer.from(text.slice(at, at + size)));
        expect(last.get()).toBe(written.findLast((line) => line.trim() !== "")?.trim() ?? "");
      }),
    );
  });

  test("claims no result when it is long and no object", () => {
    const none = { result: null, error: null };
    expect(resultOfLong("", "")).toEqual(none);
    expect(resultOfLong("{", "")).toEqual(none);
    expect(resultOfLong("", "}")).toEqual(none);
    expect(resultOfLong('["', '"]')).toEqual(none);
  });

  test("is an error when it looks like an object that is larger than a result may be", () => {
    expect(resultOfLong('{"a": "', '"}')).toMatchObject({
      result: null,
      error: expect.stringMatching(/more than 49152 bytes/),
    });
  });
});
