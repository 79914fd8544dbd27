import { expect, test } from "vitest";
import { makeLog, type LogLevel, type LogOptions } from "./log.ts";

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = makeLog({
    level: "debug",
    isJson: true,
    write: (line) => lines.push(line),
    now: () => 0,
    ...options,
  });
  return { log, lines };
}

test("for programs a line is one JSON object with time, level and message", () => {
  const { log, lines } = logged();
  log.warn("it is late", { port: 8848, by: null });
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { at: "1970-01-01T00:00:00.000Z", level: "warn", message: "it is late", port: 8848, by: null },
  ]);
});

test("for people it is a sentence on one line, whatever is in it", () => {
  const { log, lines } = logged({ isJson: false });
  log.info("listening", { port: 8848 });
  log.error("broken:\n\u001B[2Jat x\u2028y");
  expect(lines).toEqual(["holodeck: listening (port 8848)", "holodeck: error: broken: [2Jat x y"]);
});

test.each<[LogLevel, number]>([
  ["debug", 4],
  ["info", 3],
  ["warn", 2],
  ["error", 1],
  ["silent", 0],
])("at level %s %i of four levels are said", (level, count) => {
  const { log, lines } = logged({ level });
  for (const say of [log.debug, log.info, log.warn, log.error]) say("x");
  expect(lines).toHaveLength(count);
});

test.each([true, false])("keys, tokens and passwords are masked (JSON: %j)", (isJson) => {
  const key = `hk_${"a".repeat(43)}`;
  const { log, lines } = logged({ isJson, secrets: ["the operator's own"] });
  log.info(`came with ${key}, Bearer abc.def and the operator's own`, {
    authorization: "Basic xyzzy",
    api_key: "xyzzy",
    why: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.xyzzy is no token",
    store: "postgres://user:xyzzy@db/holodeck",
  });
  expect(lines[0]).toContain("postgres://user:[masked]@db/holodeck");
  for (const secret of [key, "xyzzy", "abc.def", "operator's own"]) expect(lines[0]).not.toContain(secret);
});
