import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCapture, redactCaptured, type OutputStream } from "./capture.ts";
import { secretPatterns } from "./redact.ts";

const pieces = fc.array(
  fc.tuple(
    fc.constantFrom<OutputStream>("stdout", "stderr"),
    fc.string({ unit: "binary-ascii", minLength: 1 }),
  ),
);

describe("A capture", () => {
  test("keeps all that fits, in order, and knows which stream each piece came from", () => {
    fc.assert(
      fc.property(pieces, (written) => {
        const capture = createCapture(1 << 20);
        for (const [stream, text] of written) capture.push(stream, Buffer.from(text));
        const { bytes, runs, isTruncated } = capture.finish();
        const streams = runs.flatMap((run) =>
          Array<string>(Math.abs(run)).fill(run > 0 ? "stdout" : "stderr"),
        );
        expect(isTruncated).toBe(false);
        expect(bytes.toString()).toBe(written.map(([, text]) => text).join(""));
        expect(streams).toEqual(written.flatMap(([stream, text]) => Array<string>(text.length).fill(stream)));
      }),
    );
  });

  test("keeps the beginning and the end of what does not fit, and counts the rest", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 4, max: 64 }), (written, bytesMax) => {
        const all = written.map(([, text]) => text).join("");
        fc.pre(all.length > bytesMax);
        const capture = createCapture(bytesMax);
        for (const [stream, text] of written) capture.push(stream, Buffer.from(text));
        const { bytes, runs, totalBytes, isTruncated } = capture.finish();
        const head = Math.floor(bytesMax * 0.75);
        const left = all.length - bytesMax;
        const gap = `\n[${left} bytes left out]\n`;
        expect(bytes.toString()).toBe(all.slice(0, head) + gap + all.slice(head + left));
        expect(runs.reduce((sum, run) => sum + Math.abs(run), 0)).toBe(bytes.length);
        expect({ totalBytes, isTruncated }).toEqual({ totalBytes: all.length, isTruncated: true });
      }),
    );
  });

  test("gives no secret away that lies across both streams", () => {
    const capture = createCapture(1 << 20);
    capture.push("stdout", Buffer.from("out: hunt"));
    capture.push("stderr", Buffer.from("er22!"));
    const { bytes, runs, totalBytes } = redactCaptured(capture.finish(), secretPatterns({ KEY: "hunter22" }));
    expect(bytes.toString()).toBe("out: [redacted KEY]!");
    expect(runs).toEqual([5, -15]);
    expect(totalBytes).toBe(bytes.length);
  });
});
