// What `GET /` says there is, is there, and nothing of PLATO's is left unsaid.
import { afterEach, beforeEach, expect, test } from "vitest";
import { API } from "../src/server/plato-facts.ts";
import { PlatoCaller } from "../src/testing/plato-caller.ts";
import { World } from "./attacks/world.ts";

let world: World;

beforeEach(async () => {
  world = await World.open();
});

afterEach(async () => await world.close());

test("every endpoint that GET / lists answers", async () => {
  const { text } = await world.call("/");
  const { api } = JSON.parse(text) as { api: readonly string[] };
  expect(api).toEqual(API);
  for (const line of api) {
    const [method = "", path = ""] = line.split(" ");
    const asked = path.replace("{name}", "hall").replace("{hash}", "a".repeat(64));
    const answer = await world.call(asked, { method, ...(method === "POST" && { body: "{" }) });
    expect([line, answer.text]).not.toEqual([line, expect.stringContaining(`There is no ${method}`)]);
    expect([line, answer.status < 500]).toEqual([line, true]);
  }
});

test("every route of PLATO is in the list", () => {
  const routes = new PlatoCaller().app.routes.filter(({ method, path }) => method !== "ALL" && path !== "/*");
  const listed = new Set(
    API.map((line) => line.replace(/\/room\/.*/, "/room/*").replaceAll(/\{(\w+)\}/g, ":$1")),
  );
  for (const { method, path } of routes) expect(listed).toContain(`${method} ${path}`);
});
