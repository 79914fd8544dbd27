// The small parts of sending, each by itself: what an answer means, what text says, where a URL may lead, who waits.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../event/json.ts";
import { streamId } from "../event/event.ts";
import { given } from "../testing/given.ts";
import { backoffMs, BACKOFF_MS_MAX } from "./backoff.ts";
import { Lane, LANE_STREAMS_MAX } from "./lane.ts";
import { outboxAggregate, type OutboxState, type ParkedTile } from "./outbox-stream.ts";
import { sinkAnswerOf } from "./sink-answer.ts";
import { pinned, resolveTarget } from "./target.ts";
import { textAnswer } from "./text-answer.ts";

const NOW = Date.UTC(2026, 4, 19, 22, 45);
const HASH = "a".repeat(64);

const lookup = async (): Promise<readonly [{ address: string; family: number }]> =>
  await Promise.resolve([{ address: "192.168.1.5", family: 4 }]);

const stream = (index: number) => streamId("session", `s${index}`);
const sent = (
  throughSeq: number,
  delivered: readonly number[],
  closed = false,
  tiles: readonly ParkedTile[] = [],
) => ({ type: "record_sent", throughSeq, delivered, parked: tiles, closed }) as const;

describe("an answer to /submit", () => {
  test.each([
    [200, "", "delivered"],
    [202, "", "delivered"],
    [403, `{"status":"rejected","reason":"Duplicate tile"}`, "delivered"],
    [409, `{"error":"duplicated"}`, "delivered"],
    [403, `{"status":"rejected","reason":"absolute claim: never"}`, "refused"],
    [400, `{"error":"duplicate key in JSON"}`, "refused"],
    [307, "", "refused"],
    [404, "<html>", "refused"],
    [401, "", "retry"],
    [408, "", "retry"],
    [429, "", "retry"],
    [500, "", "retry"],
    [503, "", "retry"],
  ])("HTTP %i %s means %s", (status, body, meaning) => {
    expect(sinkAnswerOf({ status, body, retryAfter: null }, NOW).status).toBe(meaning);
  });

  test.each([
    ["120", 120_000],
    ["Tue, 19 May 2026 22:46:00 GMT", 60_000],
    ["Tue, 19 May 2020 22:46:00 GMT", 0],
    ["999999999", 3_600_000],
    ["soon", null],
  ])("Retry-After %s is %s ms", (retryAfter, afterMs) => {
    expect(sinkAnswerOf({ status: 503, body: "", retryAfter }, NOW)).toMatchObject({ afterMs });
  });

  test("its reason is one printable line of bounded length", () => {
    const answer = sinkAnswerOf(
      { status: 400, body: `no\n\u001B[31m${"x".repeat(9_000)}`, retryAfter: null },
      NOW,
    );
    expect(answer.status === "refused" && answer.reason).toMatch(/^HTTP 400: no \[31mx{493}$/);
  });
});

test("text is 20 to 5,000 characters of JSON, whatever the answer", () => {
  const answers = fc.object({ maxDepth: 2, values: [fc.string({ maxLength: 4_000 }), fc.integer()] });
  fc.assert(
    fc.property(answers, (answer) => {
      const text = textAnswer(answer as JsonObject, HASH);
      expect(text.length).toBeGreaterThanOrEqual(20);
      expect(text.length).toBeLessThanOrEqual(5_000);
      const full = JSON.stringify(answer);
      if (full.length >= 20 && full.length <= 5_000) expect(text).toBe(full);
      else expect(JSON.parse(text)).toMatchObject({ tile_hash: HASH });
    }),
  );
});

test("waits grow to a minute, and chance spreads them over their whole range", () => {
  expect([0, 1, 2, 3].map((failures) => backoffMs(failures, () => 1))).toEqual([500, 1_000, 2_000, 4_000]);
  expect(backoffMs(1_000_000, () => 1)).toBe(BACKOFF_MS_MAX);
  expect(backoffMs(9, () => 0.5)).toBe(BACKOFF_MS_MAX / 2);
  expect(backoffMs(9, () => 0)).toBeGreaterThan(0);
});

describe("a target", () => {
  test.each([
    "http://10.0.0.1",
    "http://172.16.3.4",
    "http://192.168.0.1:8848",
    "http://169.254.169.254/latest",
    "http://100.64.0.1",
    "http://192.0.2.2",
    "http://203.0.113.9",
    "http://[2001:db8::1]",
    "http://0.0.0.0",
    "http://167772161", // 10.0.0.1
    "http://0x0a000001",
    "http://[::ffff:10.0.0.1]",
    "http://[::ffff:169.254.169.254]",
    "http://[64:ff9b::a00:1]",
    "http://[fe80::1]",
    "http://[fc00::1]",
    "http://[::]",
    "http://inside.example",
  ])("%s is refused, and reached when it is allowed", async (url) => {
    await expect(resolveTarget(new URL(url), { lookup })).rejects.toMatchObject({ code: "denied" });
    await expect(resolveTarget(new URL(url), { lookup, allowPrivate: true })).resolves.toHaveLength(1);
  });

  test.each([
    "http://127.0.0.1",
    "http://[::1]",
    "http://127.9.9.9",
    "http://[::ffff:127.0.0.1]",
    "http://93.184.216.34",
    "http://[2606:2800::1]",
  ])("%s is reached", async (url) => {
    await expect(resolveTarget(new URL(url), { lookup })).resolves.toHaveLength(1);
  });

  test("one private address among public ones is refused too", async () => {
    const both = [
      { address: "93.184.216.34", family: 4 },
      { address: "10.0.0.1", family: 4 },
    ];
    const mixed = resolveTarget(new URL("http://x.example"), {
      lookup: async () => await Promise.resolve(both),
    });
    await expect(mixed).rejects.toMatchObject({ code: "denied" });
  });

  test("a pinned lookup answers what was found, whatever is asked", () => {
    const addresses = [{ address: "93.184.216.34", family: 4 }];
    const answers: unknown[] = [];
    pinned(addresses)("elsewhere.example", { all: true }, (_error, all) => answers.push(all));
    pinned(addresses)("elsewhere.example", {}, (_error, one, family) => answers.push(one, family));
    expect(answers).toEqual([addresses, "93.184.216.34", 4]);
  });
});

describe("a lane", () => {
  const carrier = {
    carry: async () => await Promise.resolve({ status: "delivered" } as const),
    close: () => undefined,
  };
  const lane = (): Lane => new Lane({ destination: "http://d", carrier, random: () => 1 });

  test("keeps a bounded number of streams in mind and knows that it missed some", () => {
    const one = lane();
    for (let index = 0; index < LANE_STREAMS_MAX + 10; index++) one.add(stream(index));
    expect(one.size).toBe(LANE_STREAMS_MAX);
    expect(one.missed).toEqual({ after: null });
  });

  test("visits a stream once at a time, and again when more came meanwhile", () => {
    const one = lane();
    one.add(stream(1));
    expect(one.take(0)?.stream).toBe(stream(1));
    one.add(stream(1));
    expect(one.take(0)).toBeNull();
    one.done(stream(1), { more: false, worked: true });
    expect(one.take(0)?.stream).toBe(stream(1));
  });

  test("rests longer when stream after stream fails, and lets one alone try until one succeeds", () => {
    const one = lane();
    for (let index = 0; index < 9; index++) one.add(stream(index));
    let now = 0;
    const rests: number[] = [];
    for (let index = 0; index < 4; index++) {
      const taken = one.take(now);
      one.failed(taken!.stream, { now, failures: taken!.failures, afterMs: null });
      expect(one.take(now)).toBeNull();
      rests.push(one.nextAt() - now);
      now = one.nextAt();
    }
    expect(rests).toEqual([500, 1_000, 2_000, 4_000]);
    const probe = one.take(now);
    expect(one.take(now)).toBeNull();
    one.done(probe!.stream, { more: false, worked: true });
    expect([one.take(now), one.take(now), one.take(now), one.take(now), one.take(now)]).toEqual([
      ...Array<unknown>(4).fill(expect.anything()),
      null,
    ]);
  });
});

describe("an outbox's stream", () => {
  const session = streamId("session", "sess_1");
  const open = { type: "open_outbox", session, destination: "http://d", afterSeq: 0 } as const;
  const opened = () => given(outboxAggregate).having(open);
  const parked: ParkedTile = { seq: 3, hash: HASH, question: "q", reason: "HTTP 400", code: 400 };

  test("is opened once, and nothing is recorded before", () => {
    opened().when(open).yields();
    given(outboxAggregate)
      .when(sent(1, [1]))
      .refused("not_found");
  });

  test("passes over what another sender has recorded", () => {
    const scenario = opened().having(sent(4, [1, 2, 4], false, [parked]));
    const later = scenario.when(sent(6, [2, 4, 6], false, [parked]));
    expect(later.events.map(({ data }) => data)).toEqual([{ through_seq: 6, tiles: 1 }]);
    expect(later.state).toMatchObject({ throughSeq: 6, delivered: 4 });
    scenario.when(sent(4, [4])).yields();
  });

  test("closes with its counts; a retry opens it for the parked alone, and it counts those that arrive", () => {
    const closed = opened().having(sent(4, [1, 4], true, [parked]));
    expect(head(closed.when(sent(4, [])).state)).toEqual(["done", "parked"]);
    const retried = closed.when({ type: "retry_parked" }).yields("tiles_retried");
    expect(head(retried.state)).toEqual(["waiting"]);
    const again = closed.when(sent(4, [], false, [parked])).yields("tile_parked");
    expect(head(again.state)).toEqual(["done", "parked"]);
    closed.having({ type: "retry_parked" });
    const arrived = closed.when(sent(4, [3])).yields("tile_delivered_after_retry");
    expect(head(arrived.state)).toEqual(["done"]);
    expect(arrived.state.delivered).toBe(3);
  });

  test("reads back from its snapshot as it was", () => {
    const { state } = opened()
      .having(sent(4, [4], false, [parked]))
      .when({ type: "retry_parked" });
    const { snapshot } = outboxAggregate;
    expect(snapshot.load(JSON.parse(JSON.stringify(snapshot.save(state))))).toEqual(state);
  });
});

function head(state: OutboxState): readonly string[] {
  const { status, labels } = outboxAggregate.head(state);
  return [status, ...labels.filter((label) => label !== "to:http://d")];
}
