import fc from "fast-check";
import { expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";
import { ENDPOINTS } from "./app.ts";
import type { Endpoint } from "./endpoint.ts";

const RUNS = 600;

/** What may stand anywhere: sound values, and those that somebody would try. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.double(),
  fc.constantFrom<unknown>(
    "a",
    "success",
    "failed",
    0,
    1,
    -1,
    1e308,
    null,
    [],
    {},
    "../..",
    "\u0000",
    "\ud800",
  ),
);

function requestOf(endpoint: Endpoint, session: string) {
  const { method, path, querySchema, bodySchema } = endpoint;
  const segment = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(session, "a", "1", "%2F", "%00", "%ff", "house", "ada", "x".repeat(300)),
    },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }).map(encoded) },
  );
  const names = [...path.matchAll(/\{\w+\}/g)].length;
  return fc.record({
    method: fc.constant(method),
    segments: fc.tuple(...Array.from({ length: names }, () => segment)),
    // A POST that asks in its address is refused for that alone.
    query: method === "get" ? fields(querySchema) : fc.constant({}),
    body: fc.oneof(
      fields(bodySchema).map((body) => JSON.stringify(body)),
      fc.json(),
      fc.string({ unit: "binary", maxLength: 200 }),
    ),
    key: fc.option(fc.constantFrom("k1", "k2", ""), { nil: null }),
    trace: fc.option(fc.string({ unit: "grapheme-ascii" }), { nil: null }),
  });
}

/** Some of the fields a schema knows, and some it does not. */
function fields(schema: Endpoint["bodySchema"]) {
  const name = fc.oneof(fc.constantFrom(...Object.keys(schema.shape), "x"), fc.string());
  return fc.dictionary(name, value, { maxKeys: 5 });
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()) || "e";
}

test("whatever is asked of whichever endpoint is answered, never with a fault of ours; reading changes nothing", async () => {
  const v1 = new V1Caller();
  const session = await v1.start({ max_tasks: 1_000_000 });
  await v1.post(`/v1/sessions/${session}/tasks`, { task_id: "a" });
  const request = fc
    .constantFrom(...ENDPOINTS)
    .chain((endpoint) => fc.tuple(fc.constant(endpoint), requestOf(endpoint, session)));
  await fc.assert(
    fc.asyncProperty(request, async ([endpoint, { method, segments, query, body, key, trace }]) => {
      const rest = [...segments];
      const path = endpoint.path.replaceAll(/\{\w+\}/g, () => rest.shift() ?? "");
      const search = Object.entries(query).map(
        ([name, one]) => `${encoded(name)}=${encoded(JSON.stringify(one))}`,
      );
      const before = await v1.store.end();
      const headers = {
        "content-type": "application/json",
        ...(key !== null && { "idempotency-key": key }),
        ...(trace !== null && { traceparent: trace }),
      };
      const response = await v1.app.request(`${path}?${search.join("&")}`, {
        method: method.toUpperCase(),
        headers,
        ...(method === "post" && { body }),
      });
      expect(response.status).toBeLessThan(500);
      if (method === "get" || response.status === 400) expect(await v1.store.end()).toEqual(before);
    }),
    { numRuns: RUNS },
  );
  await v1.close();
});
