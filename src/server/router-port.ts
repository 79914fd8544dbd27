// The H1 router's port, as long as this server does not route: it says so, to every request.
import { Hono } from "hono";

export function routerApp(): Hono {
  const app = new Hono();
  const error =
    "This server does not route tasks. In a session, `h1RouterEnabled` routes them in process, exactly.";
  app.all("*", (c) => c.json({ error }, 503));
  return app;
}
