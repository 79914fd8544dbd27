import { expect, test } from "vitest";
import { testManager } from "../testing/test-manager.ts";
import type { Submission, TileSink } from "../tile/sink.ts";
import { tileOf } from "../tile/tile.ts";
import { isThisServer, ownSink } from "./own-sink.ts";

test.each<[string, string]>([
  ["127.0.0.1", "http://127.0.0.1:8848"],
  ["127.0.0.1", "http://localhost:8848/"],
  ["127.0.0.1", "http://127.1:8848"],
  ["::1", "http://[::1]:8848"],
  ["0.0.0.0", "http://127.0.0.1:8848"],
  ["192.168.1.10", "http://192.168.1.10:8848"],
])("bound to %s it is %s", (host, url) => {
  expect(isThisServer(url, { host, port: 8848 })).toBe(true);
});

test.each<[string, string]>([
  ["127.0.0.1", "http://127.0.0.1:8849"],
  ["127.0.0.1", "http://127.0.0.1"],
  ["127.0.0.1", "http://127.0.0.2:8848"],
  ["127.0.0.1", "https://127.0.0.1:8848"],
  ["127.0.0.1", "http://127.0.0.1:8848/other"],
  ["127.0.0.1", "http://[::1]:8848"],
  ["::1", "http://localhost:8848"],
  ["0.0.0.0", "http://192.168.1.11:8848"],
  ["192.168.1.10", "http://localhost:8848"],
])("bound to %s another may be %s", (host, url) => {
  expect(isThisServer(url, { host, port: 8848 })).toBe(false);
});

test("a tile of the store is there already, any other goes its way", async () => {
  const { manager } = testManager({ scoutRoom: "hall" });
  await using session = await manager.startSession();
  const store = await manager.store();
  const [started] = await store.read({ stream: `session:${session.sessionId}` as never });
  const sent: Submission[] = [];
  let closed = 0;
  const other: TileSink = {
    submit: async (submission) => {
      sent.push(submission);
      return await Promise.resolve({ status: "refused", reason: "no", code: 403 });
    },
    close: () => void closed++,
  };
  const sink = ownSink(store, other);
  const tile = started === undefined ? null : tileOf(started.event);
  if (started === undefined || tile === null) throw new Error("The session has no start.");
  const { signal } = new AbortController();
  expect(await sink.submit({ tile, key: started.hash, signal })).toEqual({ status: "delivered" });
  expect(sent).toEqual([]);
  const elsewhere = [
    { tile, key: "0".repeat(64), signal },
    { tile: { ...tile, domain: "cellar" }, key: started.hash, signal },
  ];
  for (const one of elsewhere) expect(await sink.submit(one)).toMatchObject({ status: "refused" });
  expect(sent).toEqual(elsewhere);
  sink.close();
  expect(closed).toBe(1);
});
