import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject } from "../../event/json.ts";
import { V1Caller } from "../../testing/v1-caller.ts";
import { ENDPOINTS } from "./app.ts";
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
  // The test's own door is middleware.
  const routed = v1.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  expect(documented.toSorted()).toEqual(routed.toSorted());
  expect(routed).toContain("POST /v1/sessions/:session_id/tasks/:task_id/heartbeat");
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
      expect(operation.requestBody !== undefined, path).toBe(method === "post");
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description).not.toBe("");
      }
    }
  }
  expect(ids.size).toBe(ENDPOINTS.length);
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

test.each(ENDPOINTS.map((endpoint) => [operationId(endpoint), endpoint] as const))(
  "the example of %s fits its schemas",
  (_, { example, path, bodySchema, answer, method }) => {
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}(\\?.*)?$`);
    expect(example.path).toMatch(pattern);
    if (method === "post") bodySchema.parse(example.body);
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
