import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject } from "../../event/json.ts";
import { V1Caller } from "../../testing/v1-caller.ts";
import { ENDPOINTS } from "./app.ts";
import type { Described } from "./endpoint.ts";
import { ELSEWHERE } from "./elsewhere.ts";
import { openApiDocument, operationId } from "./openapi.ts";

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => await v1.close());

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>;
}

async function readDocument() {
  const { body } = await v1.get("/v1/openapi.json");
  const paths = body["paths"] as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  return { body, paths, components: body["components"] as { readonly schemas: JsonObject } };
}

test("every route of the application is in the document, and nothing else is", async () => {
  const { paths } = await readDocument();
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  // Doors are middleware, and what fleets do not know is answered for all methods.
  const routed = v1.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  expect(documented.toSorted()).toEqual(routed.toSorted());
  for (const route of [
    "POST /v1/sessions/:session_id/tasks/:task_id/heartbeat",
    "GET /v1/events",
    "DELETE /v1/fleet/agents/:id",
  ])
    expect(routed).toContain(route);
});

test("the document has the shape of OpenAPI 3.1", async () => {
  const { body, paths } = await readDocument();
  expect(body).toMatchObject({
    openapi: expect.stringMatching(/^3\.1\.\d+$/) as string,
    info: { title: expect.any(String) as string, version: "1.2.3" },
  });
  const allowed = new Set(["openapi", "info", "servers", "tags", "paths", "components", "security"]);
  expect(Object.keys(body).filter((key) => !allowed.has(key))).toEqual([]);
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(paths)) {
    expect(path).toMatch(/^\//);
    for (const [method, operation] of Object.entries(methods)) {
      ids.add(operation.operationId);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = operation.parameters.filter((one) => one.in === "path");
      expect(inPath.map(({ name }) => name)).toEqual(named);
      expect(inPath.every(({ required }) => required)).toBe(true);
      if (method !== "delete") expect(operation.requestBody !== undefined, path).toBe(method === "post");
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description).not.toBe("");
      }
    }
  }
  expect(ids.size).toBe(ENDPOINTS.length + ELSEWHERE.length);
});

test("every reference leads to a schema, and none leads out of the document", async () => {
  const { body, components } = await readDocument();
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = ""]) => to);
  expect(references.length).toBeGreaterThan(20);
  for (const to of references) {
    expect(to).toMatch(/^#\/components\/schemas\//);
    expect(Object.keys(components.schemas)).toContain(to.slice("#/components/schemas/".length));
  }
  expect(JSON.stringify(body)).not.toContain("$defs");
});

test.each([...ENDPOINTS, ...ELSEWHERE].map((endpoint) => [operationId(endpoint), endpoint] as const))(
  "the example of %s fits its schemas",
  (_, { example, path, bodySchema, answer, method }) => {
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}(\\?.*)?$`);
    expect(example.path).toMatch(pattern);
    if (bodySchema !== null && method !== "get") bodySchema.parse(example.body);
    if (answer.schema !== null && example.answer !== undefined) answer.schema.parse(example.answer);
  },
);

test("what an endpoint takes is what it checks: limits stand in the document", async () => {
  const { paths } = await readDocument();
  const text = JSON.stringify(paths["/v1/sessions"]?.["post"]?.requestBody);
  expect(text).toContain('"max_tasks":{"type":"integer","minimum":1,"maximum":1000000');
  expect(text).toContain('"additionalProperties":false');
  const list = JSON.stringify(paths["/v1/sessions"]?.["get"]?.parameters);
  expect(list).toContain('"default":50,"type":"integer","minimum":1,"maximum":1000');
  expect(list).toContain('"format":"date-time"');
  expect(openApiDocument([], "1")["paths"]).toEqual({});
});

function rank({ method, path, bodySchema }: Described): number {
  if (path.endsWith("/reset")) return 3;
  if (method !== "delete") return 0;
  return bodySchema === null ? 2 : 1;
}

test("what others serve is described as it is: examples are taken, and what is wrong is refused", async () => {
  for (const agent_id of ["oracle1", "scout"])
    await v1.post("/v1/fleet/agents", { agent_id, capabilities: ["research"] });
  // What is taken away comes last, an edge before its ends, and all that is left at once.
  const ordered = ELSEWHERE.toSorted((one, other) => rank(one) - rank(other));
  for (const { method, path, example, bodySchema } of ordered) {
    if (path === "/v1/events") continue;
    const body = bodySchema === null ? null : JSON.stringify(example.body);
    const headers = { "content-type": "application/json" };
    const asked = { method: method.toUpperCase(), headers };
    const response = await v1.app.request(example.path, { ...asked, ...(body !== null && { body }) });
    const text = await response.text();
    expect([path, response.status, text]).toEqual([path, 200, text]);
    if (path === "/v1/fleet/reset" || body === null) continue;
    const refused = await v1.app.request(example.path, { ...asked, body: '{"task_id":5,"agent_id":5}' });
    expect([path, refused.status]).toEqual([path, 400]);
  }
});
