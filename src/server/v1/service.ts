// The service itself: whether it lives and is ready, what it counted, and what it can do.
import { HolodeckError } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import { health } from "./answers.ts";
import { docsPage } from "./docs-page.ts";
import { endpoint, type Described, type Endpoint } from "./endpoint.ts";
import { openApiDocument } from "./openapi.ts";
import { problemResponse } from "./problems.ts";

/** The endpoints given, and the service's own, which describe them all, and those that others serve. */
export function serviceEndpoints(
  others: readonly Endpoint[],
  elsewhere: readonly Described[],
): readonly Endpoint[] {
  const own: Endpoint[] = [...metricsEndpoints, ...healthEndpoints];
  const all: Described[] = [...others, ...elsewhere, ...own];
  const documents = new Map<string, JsonObject>();
  const documentOf = (version: string): JsonObject => {
    const document = documents.get(version) ?? openApiDocument(all, version);
    documents.set(version, document);
    return document;
  };
  const openApi = endpoint({
    method: "get",
    path: "/v1/openapi.json",
    group: "Service",
    summary: "This API as an OpenAPI 3.1 document",
    access: "anyone",
    answer: { what: "The document." },
    example: { path: "/v1/openapi.json" },
    act: async ({ version }) => await Promise.resolve({ status: 200, body: documentOf(version) }),
  });
  const docs = endpoint({
    method: "get",
    path: "/v1/docs",
    group: "Service",
    summary: "This API as a page for people",
    access: "anyone",
    answer: { what: "One page that loads nothing.", type: "text/html" },
    example: { path: "/v1/docs" },
    act: async ({ version }) => await docsPage(all, documentOf(version)),
  });
  all.push(openApi, docs);
  return [...others, ...own, openApi, docs];
}

const metricsEndpoints = [
  ["/v1/metrics", "What this process counted"],
  ["/metrics", "The same, where Prometheus looks for it"],
].map(([path = "", summary = ""]) =>
  endpoint({
    method: "get",
    path,
    group: "Service",
    summary,
    description: "Prometheus text, over all sessions.",
    access: "all",
    answer: { what: "Prometheus text, version 0.0.4.", type: "text/plain" },
    example: { path },
    async act({ manager }) {
      const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      return new Response(await manager.metrics(), { headers });
    },
  }),
);

const healthEndpoints = [
  ...[
    ["/v1/health", "Whether the process lives"],
    ["/healthz", "The same, where probes look for it"],
  ].map(([path = "", summary = ""]) =>
    endpoint({
      method: "get",
      path,
      group: "Service",
      summary,
      access: "anyone",
      answer: { what: "It lives.", schema: health },
      example: { path, answer: { status: "ok", version: "0.1.0" } },
      act: async ({ version }) => await Promise.resolve({ status: 200, body: { status: "ok", version } }),
    }),
  ),
  endpoint({
    method: "get",
    path: "/readyz",
    group: "Service",
    summary: "Whether it takes requests",
    description: "503 when the store does not answer, and from when it is told to stop.",
    access: "anyone",
    answer: { what: "It does.", schema: health },
    refusals: ["store_closed", "store_unreachable"],
    example: { path: "/readyz", answer: { status: "ready", version: "0.1.0" } },
    async act({ store, clock, version, isReady }) {
      if (!isReady()) {
        const todo = "Ask another server.";
        // Meant to be, so nobody is told of it but who asks.
        return problemResponse(
          new HolodeckError("store_closed", { what: "This server is shutting down.", todo }),
        );
      }
      const patience = new AbortController();
      const tooLong = clock.sleep(STORE_MS_MAX, patience.signal).then(() => null);
      const end = await Promise.race([store.end(), tooLong]).finally(() => patience.abort());
      if (end === null) {
        const what = "The store did not answer in time.";
        throw new HolodeckError("store_unreachable", { what, todo: "Try again in a while." });
      }
      return { status: 200, body: { status: "ready", version } };
    },
  }),
];

/** A store that takes longer is not ready. */
const STORE_MS_MAX = 2_000;
