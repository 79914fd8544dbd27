import { expect, test } from "vitest";
import { serve } from "../src/server/serve.ts";
import { openRaw, statusIn } from "./raw-http.ts";

test("closing does not wait for a connection on which nothing has come, and cuts no request that has begun to", async () => {
  const server = await serve({ fetch: () => new Response("here"), host: "127.0.0.1", port: 0 });
  const halfway = openRaw(server.port);
  halfway.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
  // What has come is told by an answer on a connection that was opened after it.
  await (await fetch(`http://127.0.0.1:${server.port}`)).text();
  const silent = openRaw(server.port);
  await new Promise<void>((resolve) => void silent.socket.once("connect", resolve));
  const closing = server.close();
  expect(await silent.ended).toBe("");
  halfway.socket.write("\r\n");
  expect(statusIn(await halfway.ended)).toBe(200);
  await closing;
});
