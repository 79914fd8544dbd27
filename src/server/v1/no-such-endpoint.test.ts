import { afterAll, expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";
import { ENDPOINTS } from "./app.ts";
import { ELSEWHERE } from "./elsewhere.ts";

const v1 = new V1Caller();
afterAll(async () => await v1.close());

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** In the order in which they are told. */
const TOLD = ["GET", "POST", "DELETE"];

const DESCRIBED = Map.groupBy([...ENDPOINTS, ...ELSEWHERE], ({ path }) => path);

test.each([...DESCRIBED])(
  "%s answers each method it does not have with 405, and tells those it has",
  async (path, described) => {
    const own = new Set(described.map(({ method }) => method.toUpperCase()));
    const allow = TOLD.filter((method) => own.has(method)).join(", ");
    const example = described[0]?.example.path.split("?")[0] ?? "";
    for (const method of METHODS) {
      if (own.has(method) || (method === "HEAD" && own.has("GET"))) continue;
      const response = await v1.app.request(example, { method });
      expect([response.status, response.headers.get("allow")], `${method} ${path}`).toEqual([405, allow]);
      if (method === "HEAD") continue;
      expect(await response.json(), `${method} ${path}`).toMatchObject({
        code: "method_not_allowed",
        status: 405,
      });
    }
  },
);

test.each(["/v1/nowhere", "/v1/fleet/nowhere", "/v1/fleet/agents/a/b", "/v1/sessions/x/dance"])(
  "%s is 404 for every method",
  async (path) => {
    for (const method of METHODS) expect((await v1.app.request(path, { method })).status, method).toBe(404);
  },
);
