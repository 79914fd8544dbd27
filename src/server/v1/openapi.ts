// The OpenAPI 3.1 document, written from the endpoints' declarations: its schemas are those that check requests.
import { z } from "zod";
import type { ErrorCode } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import { NAMED } from "./answers.ts";
import type { Described, HeaderName } from "./endpoint.ts";
import { PROBLEM_KINDS, PROBLEM_TYPE } from "./problems.ts";

/** What any request may be refused with. */
const EVERYWHERE: readonly ErrorCode[] = [
  "invalid_argument",
  "unauthenticated",
  "denied",
  "internal",
  "store_unreachable",
];

/** What any request with a body may be refused with, and any that may come with an idempotency key. */
const WITH_BODY: readonly ErrorCode[] = ["event_too_large", "unsupported_media_type"];
const WITH_KEY: readonly ErrorCode[] = ["idempotency_key_reused", "request_in_flight"];

export function openApiDocument(endpoints: readonly Described[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const endpoint of endpoints) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: operation(endpoint) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holodeck",
      version,
      description:
        "Sessions: the boundary around a piece of work that agents do. Names are snake_case; times are ISO-8601 in UTC. Errors are problem details with a stable code. GET changes nothing.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(endpoints.map(({ group }) => group))].map((name) => ({ name })),
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        api_key: { type: "apiKey", in: "header", name: "X-API-Key" },
      },
    },
    // On loopback no key is asked for while none is configured.
    security: [{}, { bearer: [] }, { api_key: [] }],
  };
}

/** What an endpoint may be refused with, in the order of its status. */
export function refusalsOf({ refusals, headers, ...endpoint }: Described): readonly ErrorCode[] {
  const codes = new Set([
    ...EVERYWHERE,
    ...refusals,
    ...(takesBody(endpoint) ? WITH_BODY : []),
    ...(headers.includes("idempotency_key") ? WITH_KEY : []),
  ]);
  return [...codes].sort((one, other) => PROBLEM_KINDS[one].status - PROBLEM_KINDS[other].status);
}

export function takesBody({ method, bodySchema }: Pick<Described, "method" | "bodySchema">): boolean {
  return method !== "get" && bodySchema !== null;
}

/** `post /v1/sessions/{session_id}/end` as a name: `post_v1_sessions_session_id_end`. */
export function operationId({ method, path }: Described): string {
  return [method, ...path.split(/[^a-z0-9_]+/i)].filter((word) => word !== "").join("_");
}

function operation(endpoint: Described): JsonObject {
  const { group, summary, description, answer, example, bodySchema } = endpoint;
  return {
    operationId: operationId(endpoint),
    tags: [group],
    summary,
    ...(description !== undefined && { description }),
    parameters: [
      ...parameters("path", endpoint.pathSchema),
      ...parameters("query", endpoint.querySchema),
      ...endpoint.headers.map((name) => HEADERS[name]),
    ],
    ...(takesBody(endpoint) && {
      requestBody: {
        required: true,
        content: {
          "application/json": {
            ...(bodySchema !== null && { schema: schemaOf(bodySchema, "input") }),
            ...(example.body !== undefined && { example: example.body }),
          },
        },
      },
    }),
    responses: {
      [String(answer.status)]: {
        description: answer.what,
        content: {
          [answer.type]: {
            ...(answer.schema !== null && { schema: schemaOf(answer.schema, "output") }),
            ...(example.answer !== undefined && { example: example.answer }),
          },
        },
      },
      ...problemResponses(endpoint),
    },
  };
}

const HEADERS: Readonly<Record<HeaderName, JsonObject>> = {
  idempotency_key: header(
    "Idempotency-Key",
    "Makes the request happen once: repeated with the same key it is answered as the first time, with `Idempotency-Replayed: true`. With another body: 422. While it is being worked on: 409. Remembered for a day at least. Keys of others do not matter.",
    { minLength: 1, maxLength: 255 },
  ),
  effect_key: header(
    "Idempotency-Key",
    "Makes the request take effect once in its fleet: repeated with the same key it changes nothing more. With another request of its kind: 422.",
    { minLength: 1, maxLength: 255 },
  ),
  last_event_id: header(
    "Last-Event-ID",
    "The id of the newest event that came. Counts more than `after`. Browsers send it by themselves.",
  ),
  traceparent: header(
    "traceparent",
    "W3C Trace Context. Events that follow from the request have it as `trace`.",
  ),
};

function header(name: string, description: string, limits: JsonObject = {}): JsonObject {
  return { name, in: "header", required: false, description, schema: { type: "string", ...limits } };
}

function parameters(place: "path" | "query", schema: z.ZodObject): readonly JsonObject[] {
  const sent = z.toJSONSchema(schema, { io: "input" }).properties ?? {};
  const read = z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }).properties ?? {};
  return Object.entries(sent).map(([name, property]): JsonObject => {
    const value = read[name] as JsonObject;
    // A number in an address is text that reads as one: the document says what it reads as.
    const { description, ...rest } = value["type"] === "integer" ? value : (property as JsonObject);
    return {
      name,
      in: place,
      required: place === "path",
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function problemResponses(endpoint: Described): JsonObject {
  const byStatus = Map.groupBy(refusalsOf(endpoint), (code) => PROBLEM_KINDS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEM_KINDS[code].title}.`).join(" "),
        content: { [PROBLEM_TYPE]: { schema: { $ref: refTo("Problem") } } },
      },
    ]),
  );
}

/** A schema with a name by its name, another in place. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const id = NAMED.get(schema)?.id;
  if (id !== undefined) return { $ref: refTo(id) };
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return plain(rest);
}

function namedSchemas(): JsonObject {
  const { schemas } = z.toJSONSchema(NAMED, { uri: refTo, io: "output" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _, $id: _id, ...rest } = schema;
      return [id, plain(rest)];
    }),
  );
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** A schema as it is sent: without what JSON leaves out. */
function plain(schema: object): JsonObject {
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}
