// The H1 router's port, as long as this server does not route: it says so, to every request.
import { Hono, type MiddlewareHandler } from "hono";
import type { ServerEnv } from "./principal.ts";

export function routerApp(authenticate: MiddlewareHandler<ServerEnv>): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>();
  const error =
    "This server does not route tasks. In a session, `h1RouterEnabled` routes them in process, exactly.";
  app.use(authenticate);
  app.all("*", (c) => c.json({ error }, 503));
  return app;
}
