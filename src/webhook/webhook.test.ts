// A webhook's small parts, each by itself: what may be declared, what is told, how it is signed and verified.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeEvent, streamId, type Event } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { given } from "../testing/given.ts";
import { kindOf, postOf, WEBHOOK_KINDS } from "./kinds.ts";
import { ANY_WEBHOOK, errandOf } from "./post-errand.ts";
import { postAggregate } from "./post-stream.ts";
import { keyIn, signatureOf } from "./signature.ts";
import { verifyWebhook } from "./verify.ts";
import { makeWebhooks, type WebhookOptions } from "./webhook.ts";

// The specification's own example (standardwebhooks.com, "Signature scheme").
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNED = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
};
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const NOW = SIGNED.timestamp * 1_000;

const session = streamId("session", "sess_1");
const happened = (type: string, data: JsonObject, stream = session): Event => ({
  v: 1,
  stream,
  seq: 1,
  prev: null,
  at: Date.UTC(2026, 4, 19, 22, 45),
  type,
  room: null,
  data,
});

const hook = (options: Partial<WebhookOptions> = {}): WebhookOptions => ({
  url: "https://example.org/hook?token=hunter22",
  events: ["session_ended"],
  secret: SECRET,
  ...options,
});

describe("what is declared", () => {
  test.each<[string, Partial<Record<keyof WebhookOptions | "urll", unknown>>, string]>([
    ["no URL", { url: "example.org/hunter22" }, "webhooks[0].url"],
    ["another scheme", { url: "file:///etc/hunter22" }, "webhooks[0].url"],
    ["a user in the URL", { url: "https://u:hunter22@example.org/" }, "webhooks[0].url"],
    ["no event", { events: [] }, "webhooks[0].events"],
    ["an unknown event", { events: ["session_ended", "nonsense"] }, "webhooks[0].events[1]"],
    ["no secret", { secret: undefined }, "webhooks[0]"],
    ["two secrets", { secretEnv: "HOOK_SECRET" }, "webhooks[0]"],
    ["a short secret", { secret: "whsec_aHVudGVyMjI=" }, "webhooks[0]"],
    ["a secret of another form", { secret: "hunter22hunter22hunter22hunter22" }, "webhooks[0]"],
    ["a variable that is not there", { secret: undefined, secretEnv: "MISSING" }, "MISSING"],
    ["a misspelt option", { urll: "https://example.org/" }, "webhooks[0].urll"],
  ])("%s is refused, named by its place, without what may be secret", (_name, options, place) => {
    const make = (): unknown => makeWebhooks([hook(options as Partial<WebhookOptions>)], {});
    expect(make).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(make).toThrow(place);
    expect(make).not.toThrow("hunter22");
  });

  test("is one webhook by its URL and events, in whatever order, and signs with its secret", () => {
    const secret = { secret: undefined, secretEnv: "HOOK_SECRET" } as unknown as Partial<WebhookOptions>;
    const env = { HOOK_SECRET: SECRET };
    const [one, two, other, another] = makeWebhooks(
      [
        hook({ events: ["task_failed", "session_ended"] }),
        hook({ url: "https://example.org/other" }),
        hook(),
        hook({ ...secret, url: "https://example.net/" }),
      ],
      env,
    );
    const again = makeWebhooks([hook({ events: ["session_ended", "task_failed", "session_ended"] })], env);
    expect(again[0]?.id).toBe(one?.id);
    expect(new Set([one?.id, two?.id, other?.id, another?.id]).size).toBe(4);
    expect(another?.sign(SIGNED)).toBe(SIGNATURE);
    expect(() => makeWebhooks([hook(), hook()], {})).toThrow("webhooks[1]");
  });

  test("shows neither its secret nor its URL's path where the log names it", () => {
    const [webhook] = makeWebhooks([hook()], {});
    const errand = errandOf(webhook!);
    const opened = errand.opening(happened("session_ended", {}));
    const named = [errand.labels, errand.place, errand.outboxOf(session), opened];
    expect(JSON.stringify(named)).toContain("https://example.org#");
    expect(JSON.stringify([named, { ...webhook, url: "" }])).not.toMatch(/hunter22|MfKQ9r8/);
  });
});

describe("what is told", () => {
  test.each([
    ["task_ended", { outcome: "failed" }, "task_failed"],
    ["task_ended", { outcome: "timeout" }, "task_failed"],
    ["task_ended", { outcome: "success" }, null],
    ["task_ended", { outcome: "cancelled" }, null],
    ["session_ended", { outcome: "success" }, "session_ended"],
    ["emergence_alert", {}, "emergence_alert"],
    ["task_started", {}, null],
  ])("%s %j is %s", (type, data, kind) => {
    expect(kindOf(happened(type, data))).toBe(kind);
    expect(kindOf(happened(type, data, streamId("recovery", "sess_1")))).toBeNull();
  });

  test("is what the kind tells, and nothing of the work itself", () => {
    const data = {
      session_id: "sess_1",
      task_id: "t",
      outcome: "failed",
      error: "no",
      result: { a: 1 },
      output: {},
    };
    const stored = { ...encodeEvent(happened("task_ended", data)), position: 1 };
    expect(postOf("task_failed", stored)).toEqual({
      type: "task_failed",
      event_id: stored.hash,
      at: "2026-05-19T22:45:00Z",
      session_id: "sess_1",
      task_id: "t",
      outcome: "failed",
      error: "no",
    });
  });

  test("is found in the log for the kinds a webhook was declared with alone", () => {
    const errand = errandOf({ id: "a", origin: "https://example.org", kinds: ["task_failed"] });
    expect(errand.titleOf(happened("task_ended", { outcome: "failed" }))).toBe("task_failed");
    expect(errand.titleOf(happened("session_ended", {}))).toBeNull();
    expect(WEBHOOK_KINDS).toContain(ANY_WEBHOOK.titleOf(happened("session_ended", {})));
  });
});

describe("a signature", () => {
  const headers = {
    "webhook-id": SIGNED.id,
    "webhook-timestamp": String(SIGNED.timestamp),
    "webhook-signature": SIGNATURE,
  };
  const received = { secret: SECRET, headers, body: SIGNED.body, now: NOW };

  test("is the one that the specification's example has", () => {
    expect(signatureOf(keyIn(SECRET)!, SIGNED)).toBe(SIGNATURE);
  });

  test("is verified, whatever carries the headers and the body, and among others while a secret changes", () => {
    const verified = { id: SIGNED.id, post: { test: 2432232314 } };
    expect(verifyWebhook(received)).toEqual(verified);
    expect(verifyWebhook({ ...received, headers: new Headers(headers) })).toEqual(verified);
    expect(verifyWebhook({ ...received, body: Buffer.from(SIGNED.body) })).toEqual(verified);
    const others = { ...headers, "webhook-signature": `v1,AAAA ${SIGNATURE} v1a,x` };
    expect(verifyWebhook({ ...received, headers: others })).toEqual(verified);
    const old = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    expect(verifyWebhook({ ...received, secret: [old, SECRET] })).toEqual(verified);
    expect(() => verifyWebhook({ ...received, secret: old })).toThrow(
      expect.objectContaining({ code: "denied" }),
    );
    expect(() => verifyWebhook({ ...received, secret: "hunter22" })).toThrow(/secret is no webhook's/);
  });

  test.each([
    ["another id", { "webhook-id": "msg_other" }],
    ["no id", { "webhook-id": undefined }],
    ["another time", { "webhook-timestamp": String(SIGNED.timestamp + 1) }],
    ["no time", { "webhook-timestamp": "soon" }],
    ["no signature", { "webhook-signature": undefined }],
    ["an empty one", { "webhook-signature": "v1," }],
  ])("with %s is denied", (_name, changed) => {
    const verify = (): unknown => verifyWebhook({ ...received, headers: { ...headers, ...changed } });
    expect(verify).toThrow(expect.objectContaining({ code: "denied" }));
  });

  test("of five minutes ago or ahead is verified, a second more is denied: who records a post cannot play it again", () => {
    for (const by of [-300_000, 300_000])
      expect(verifyWebhook({ ...received, now: NOW + by }).id).toBe(SIGNED.id);
    for (const by of [-301_000, 301_000]) {
      expect(() => verifyWebhook({ ...received, now: NOW + by })).toThrow(
        expect.objectContaining({ code: "denied" }),
      );
    }
  });

  test("holds for no other body", () => {
    fc.assert(
      fc.property(fc.nat({ max: SIGNED.body.length - 1 }), fc.integer({ min: 1, max: 127 }), (at, by) => {
        const body = Buffer.from(SIGNED.body);
        body.writeUInt8(body.readUInt8(at) ^ by, at);
        expect(() => verifyWebhook({ ...received, body })).toThrow(
          expect.objectContaining({ code: "denied" }),
        );
      }),
    );
  });
});

describe("a webhook's stream", () => {
  const open = { type: "open_outbox", session, destination: "https://example.org#a", afterSeq: 6 } as const;
  const post = { seq: 9, hash: "a".repeat(64), question: "session_ended", reason: "HTTP 410", code: 410 };
  const sent = { type: "record_sent", throughSeq: 9, delivered: [7], parked: [post], closed: true } as const;

  test("speaks of posts, reads itself back, and begins where it was opened", () => {
    const opened = given(postAggregate).having(open);
    expect(opened.when(open).state.throughSeq).toBe(6);
    const closed = opened.when(sent).yields("post_parked", "posts_delivered", "posts_closed");
    const [parked, delivered] = closed.events;
    expect(parked?.data).toMatchObject({ kind: "session_ended", reason: "HTTP 410", code: 410 });
    expect(delivered?.data).toEqual({ through_seq: 9, posts: 1 });
    expect(closed.state.parked.get(9)).toEqual(post);
    expect(postAggregate.head(closed.state)).toMatchObject({ kind: "webhook", status: "done" });
    opened.having(sent);
    const retried = opened.when({ type: "retry_parked" }).yields("posts_retried");
    expect(postAggregate.head(retried.state).status).toBe("waiting");
  });
});
