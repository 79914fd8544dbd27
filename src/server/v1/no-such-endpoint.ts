// What /v1 says where it has nothing: 405 for a path that other methods have, else 404.
import type { Context, Hono } from "hono";
import { HolodeckError } from "../../event/error.ts";
import type { ServerEnv } from "../principal.ts";
import { problemResponse } from "./problems.ts";

/** All that any endpoint has. */
const METHODS = ["GET", "POST", "DELETE"] as const;

interface Asked {
  /** As the application knows it: where it is mounted below others, without what stands before. */
  readonly path: string;
  /** Where what there is can be read. */
  readonly todo: string;
}

export function noSuchEndpoint(app: Hono<ServerEnv>, c: Context<ServerEnv>, asked: Asked): Response {
  const shown = c.req.path.slice(0, 200);
  const allowed = METHODS.filter((method) => app.router.match(method, asked.path)[0].some(isEndpoint));
  if (allowed.length === 0)
    return problemResponse(
      new HolodeckError("not_found", { what: `There is no ${shown} here.`, todo: asked.todo }),
    );
  const what = `${c.req.method} is not a method of ${shown}.`;
  const todo = `Use ${allowed.join(" or ")}.`;
  const response = problemResponse(new HolodeckError("method_not_allowed", { what, todo }));
  response.headers.set("allow", allowed.join(", "));
  return response;
}

/** What stands there for every method is middleware, or this. */
function isEndpoint([[, route]]: readonly [
  readonly [unknown, { readonly method: string }],
  unknown,
]): boolean {
  return route.method !== "ALL";
}
