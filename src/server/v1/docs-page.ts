// The page at /v1/docs: what the OpenAPI document says, for people. It loads nothing, runs nothing, and every text in
// it is escaped.
import { hash as digest } from "node:crypto";
import { html, raw } from "hono/html";
import type { JsonObject } from "../../event/json.ts";
import { DOCS_STYLE } from "./docs-style.ts";
import type { Access, Described } from "./endpoint.ts";
import { fieldsOf, typeText, type Field } from "./docs-fields.ts";
import { operationId, refusalsOf } from "./openapi.ts";
import { PROBLEM_KINDS, problemType } from "./problems.ts";
import type { ErrorCode } from "../../event/error.ts";

type Html = ReturnType<typeof html>;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${digest("sha256", DOCS_STYLE, "base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** `document` is that of the same endpoints. */
export async function docsPage(endpoints: readonly Described[], document: JsonObject): Promise<Response> {
  const groups = Map.groupBy(endpoints, ({ group }) => group);
  const schemas = Object.entries((document["components"] as JsonObject)["schemas"] as JsonObject);
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Holodeck: the /v1 API</title>
        ${raw(`<style>${DOCS_STYLE}</style>`)}
      </head>
      <body>
        <nav aria-label="Contents">
          <p><strong>Holodeck /v1</strong></p>
          ${[...groups].map(([group, all]) => groupLinks(group, all))}
          <p><a href="#schemas">Schemas</a></p>
          <p><a href="#problems">Problems</a></p>
        </nav>
        <main>
          ${introduction(document)}
          ${[...groups].map(
            ([group, all]) =>
              html`<h2>${group}</h2>
                ${all.map((endpoint) => endpointPart(endpoint, document))}`,
          )}
          <h2 id="schemas">Schemas</h2>
          ${schemas.map(([name, schema]) => schemaPart(name, schema as JsonObject))} ${problemsPart()}
        </main>
      </body>
    </html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY };
  return new Response(String(page), { headers });
}

const WHO: Readonly<Record<Access, string>> = {
  anyone: "",
  all: "For keys that see every session.",
  see: "For keys that see the session.",
  work: "For keys that see the session, of the role agent or operator.",
  direct: "For keys that see every session, of the role agent or operator.",
  operate: "For keys of the role operator.",
};

function introduction({ info }: JsonObject): Html {
  const { version } = info as { readonly version: string };
  return html`<h1>Holodeck, the /v1 API</h1>
    <p>
      Version ${version}. A <em>session</em> is the boundary around a piece of work that agents do; its
      <em>tasks</em> are the items of that work; what happens is an <em>event</em>; a <em>tile</em> (a small
      JSON card) is how an event reads to others, in a <em>room</em> (a channel).
      <a href="/v1/openapi.json">The same as an OpenAPI 3.1 document</a>.
    </p>
    <ul>
      <li>
        Bodies are JSON objects with <code>Content-Type: application/json</code>; <code>{}</code> where there
        is nothing to say. Names are snake_case, times ISO-8601 in UTC. Fields that are not known are refused.
      </li>
      <li>
        Where keys are configured, send one: <code>Authorization: Bearer KEY</code>. What a key may not see is
        answered as if it were not there.
      </li>
      <li>
        With an <code>Idempotency-Key</code> header a POST happens once: repeat it after a timeout with the
        same key and body, and it is answered as the first time.
      </li>
      <li>
        Errors are <a href="#problems">problem details</a> with a stable <code>code</code>;
        <code>retryable</code> says whether to try again unchanged.
      </li>
      <li>
        GET changes nothing. Lists go on with <code>page_token</code>, events with <code>after_seq</code>. A
        W3C <code>traceparent</code> header stands as <code>trace</code> on the events that follow from the
        request.
      </li>
    </ul>`;
}

function groupLinks(group: string, endpoints: readonly Described[]): Html {
  return html`<p>${group}</p>
    <ul>
      ${endpoints.map(
        (endpoint) => html`<li><a href="#${operationId(endpoint)}">${endpoint.summary}</a></li>`,
      )}
    </ul>`;
}

function endpointPart(endpoint: Described, document: JsonObject): Html {
  const { method, path, summary, description, example, answer } = endpoint;
  const operation = operationOf(document, path, method);
  const body = operation.requestBody?.content["application/json"].schema;
  const schema = operation.responses[String(answer.status)]?.content[answer.type]?.schema;
  return html`<section id="${operationId(endpoint)}">
    <h3>${summary}</h3>
    <p class="line"><span class="${method}">${method.toUpperCase()}</span> <code>${path}</code></p>
    ${description === undefined ? "" : html`<p>${prose(description)}</p>`}
    ${WHO[endpoint.access] === "" ? "" : html`<p class="who">${WHO[endpoint.access]}</p>`}
    ${table("In the address", operation.parameters.filter(isInAddress).map(parameterField))}
    ${body === undefined ? "" : table("In the body", fieldsOf(body))}
    <p>
      Answers ${answer.status}: ${prose(answer.what)}
      ${schema === undefined ? "" : html`(${typeLink(typeText(schema))})`}
    </p>
    <details>
      <summary>Example</summary>
      <pre>${curl(method, example.path, example.body)}</pre>
      ${example.answer === undefined ? "" : html`<pre>${JSON.stringify(example.answer, null, 2)}</pre>`}
    </details>
    <p class="refusals">May be refused with ${refusalsOf(endpoint).map(refusalLink)}</p>
  </section>`;
}

interface Operation {
  readonly parameters: readonly JsonObject[];
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: JsonObject } };
  };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema?: JsonObject }>> }>
  >;
}

function operationOf(document: JsonObject, path: string, method: string): Operation {
  const paths = document["paths"] as unknown as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  const found = paths[path]?.[method];
  if (found === undefined) throw new TypeError(`The document has no ${method} ${path}.`);
  return found;
}

/** The headers are the same everywhere, and told once. */
function isInAddress({ in: place }: JsonObject): boolean {
  return place !== "header";
}

function parameterField({ name, required, description, schema }: JsonObject): Field {
  return {
    name: typeof name === "string" ? name : "",
    type: typeText(schema as JsonObject),
    isRequired: required === true,
    text: typeof description === "string" ? description : "",
  };
}

function refusalLink(code: ErrorCode): Html {
  const { status } = PROBLEM_KINDS[code];
  return html`<a href="#problem-${code}">${status} <code>${code}</code></a>`;
}

function schemaPart(name: string, schema: JsonObject): Html {
  return html`<section id="schema-${name}">
    <h3>${name}</h3>
    ${table("", fieldsOf(schema))}
  </section>`;
}

function table(title: string, fields: readonly Field[]): Html | string {
  if (fields.length === 0) return "";
  return html`<div class="wide">
    <table>
      ${
        title === ""
          ? ""
          : html`<caption>
              ${title}
            </caption>`
      }
      <tbody>
        ${fields.map(
          ({ name, type, isRequired, text }) =>
            html`<tr>
              <th scope="row"><code>${name}</code>${isRequired ? "" : html` <small>optional</small>`}</th>
              <td>${typeLink(type)}</td>
              <td>${prose(text)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A named schema's name leads to it. */
function typeLink(type: string): Html {
  const name = /^(?:list of )?([A-Z]\w*)$/.exec(type)?.[1];
  return name === undefined ? html`${type}` : html`<a href="#schema-${name}">${type}</a>`;
}

function problemsPart(): Html {
  const codes = (Object.keys(PROBLEM_KINDS) as ErrorCode[]).sort(
    (one, other) => PROBLEM_KINDS[one].status - PROBLEM_KINDS[other].status,
  );
  return html`<h2 id="problems">Problems</h2>
    <p>
      Each is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> is
      <code>${problemType("not_found").replace("not_found", "")}</code> and the code; <code>detail</code> says
      what happened, <code>todo</code> what to do about it.
    </p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Status</th>
            <th scope="col">Meaning</th>
            <th scope="col">Try again unchanged</th>
          </tr>
        </thead>
        <tbody>
          ${codes.map((code) => {
            const { status, title, retryable } = PROBLEM_KINDS[code];
            return html`<tr id="problem-${code}">
              <th scope="row"><code>${code}</code></th>
              <td>${status}</td>
              <td>${title}</td>
              <td>${retryable ? "yes" : "no"}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
}

/** What stands between backticks is code. */
function prose(text: string): readonly (Html | string)[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

function curl(method: string, path: string, body: JsonObject | undefined): string {
  const address = `'http://127.0.0.1:8848${path}'`;
  if (method === "get") return `curl ${address}`;
  const verb = method === "post" ? "" : ` -X ${method.toUpperCase()}`;
  if (method === "delete" && body === undefined) return `curl${verb} ${address}`;
  return `curl${verb} ${address} -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body ?? {})}'`;
}
