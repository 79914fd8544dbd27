import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";
import { ENDPOINTS } from "./app.ts";
import { docsPage } from "./docs-page.ts";
import { ELSEWHERE } from "./elsewhere.ts";
import { endpoint } from "./endpoint.ts";
import { openApiDocument } from "./openapi.ts";
import { PROBLEM_KINDS } from "./problems.ts";

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => await v1.close());

test("the page shows every endpoint, schema and problem", async () => {
  const { text, headers } = await v1.get("/v1/docs");
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  for (const { summary, path } of [...ENDPOINTS, ...ELSEWHERE]) {
    expect(text).toContain(`<code>${path}</code>`);
    expect(text).toContain(summary.replaceAll("'", "&#39;"));
  }
  for (const code of Object.keys(PROBLEM_KINDS)) expect(text).toContain(`id="problem-${code}"`);
  for (const name of ["Session", "Task", "Problem"]) expect(text).toContain(`id="schema-${name}"`);
  expect(text).toContain("curl ");
});

test("the page loads nothing from anywhere, and its policy allows its own style alone", async () => {
  const { text, headers } = await v1.get("/v1/docs");
  expect(text).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|@import|url\(/i);
  const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? "";
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain(`style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(policy).toContain("default-src 'none'");
  expect(text).not.toMatch(/\sstyle=/);
});

test("every link in the page leads to a place in it, or to the document", async () => {
  const { text } = await v1.get("/v1/docs");
  const ids = new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
  for (const [, to = ""] of text.matchAll(/href="([^"]+)"/g))
    expect(to === "/v1/openapi.json" || (to.startsWith("#") && ids.has(to.slice(1))), to).toBe(true);
});

test("texts are escaped wherever they stand", async () => {
  const evil = '<script>alert("x")</script>';
  const one = endpoint({
    method: "get",
    path: "/v1/evil",
    group: "Service",
    summary: evil,
    description: `\`${evil}\` ${evil}`,
    answer: { what: evil },
    example: { path: `/v1/evil?${evil}`, answer: { evil } },
    act: async () => await Promise.resolve({ status: 200, body: {} }),
  });
  const page = await (await docsPage([one], openApiDocument([one], evil))).text();
  expect(page).not.toContain("<script");
  expect(page.split("&lt;script&gt;").length).toBeGreaterThan(6);
});
