// Every way into the server, asked with every kind of key: a table (`ways-in.ts`) says which class of access each has,
// and what each key is answered there. Who is turned away is shown nothing and changes nothing, whatever the key; who may
// comes in. A route that stands in no class fails the test, so whoever adds one says who may.
import { expect, test } from "vitest";
import { machineProcesses } from "../src/run/machine-processes.ts";
import { createRouter } from "../src/server/fleet/router.ts";
import { liveApp } from "../src/server/live.ts";
import { platoApp } from "../src/server/plato.ts";
import { v1App } from "../src/server/v1/app.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { testManager } from "../src/testing/test-manager.ts";
import { ask, OPERATOR, SECRET, withWorld, type Port, type World } from "./entry-world.ts";
import { ASKERS, CLASSES, WAYS, type Answer, type Asker, type Way } from "./ways-in.ts";

const PORTS = ["main", "router"] as const;

test("every route there is has a class of access, and what is no reading is never an observer's", () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const parts = { store, clock, moment, version: "1", processes: machineProcesses, report: () => undefined };
  const live = liveApp({ ...parts, limits: {} });
  const router = createRouter(parts);
  const mount = (app: ReturnType<typeof v1App>): void =>
    void app.route("/", live.app).route("/v1/fleet", router.fleetApp);
  const v1 = v1App({ ...parts, manager: testManager().manager, mount });
  expect(routesAt("main")).toEqual(routesOf(v1, platoApp(parts)));
  const probes = ["GET /healthz", "GET /readyz", "GET /v1/health"];
  expect(routesAt("router")).toEqual([...routesOf(router.app), ...probes].toSorted());
  for (const { method, access } of WAYS)
    expect(method === "GET" ? "denied" : CLASSES[access][ASKERS.indexOf("observer")]).toBe("denied");
});

function routesAt(port: Port): readonly string[] {
  return WAYS.filter((way) => way.port === port)
    .map(({ route }) => route)
    .toSorted();
}

interface Routed {
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

/** What stands under every path is no way in: it is passed on the way. */
function routesOf(...apps: readonly Routed[]): readonly string[] {
  const ways = apps
    .flatMap((app) => app.routes)
    .filter(({ path }) => !/^(?:\/v1\/fleet)?\/?\*$/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
  return [...new Set(ways)].toSorted();
}

const FLEET_NUMBERS = ["", "/fleets", "/history", "/components", "/cycles", "/rigidity", "/waits"].map(
  (path) => `/v1/fleet${path}`,
);

/** What shows even an operator none of it: numbers, and what the service says of itself. */
const SHOWS_NONE: ReadonlySet<string> = new Set([
  ...["/", "/health", "/status", "/stats", "/verify/:hash", "/provenance/chain"].map(
    (path) => `main GET ${path}`,
  ),
  ...FLEET_NUMBERS.map((path) => `main GET ${path}`),
  ...["/objects", "/objects/:key/audit", "/blobs"].map((path) => `main GET /v1/sessions/:session_id${path}`),
  ...["/v1/metrics", "/metrics", "/v1/health", "/healthz", "/readyz", "/v1/openapi.json", "/v1/docs"].map(
    (path) => `main GET ${path}`,
  ),
  ...["/health", "/healthz", "/readyz", "/v1/health"].map((path) => `router GET ${path}`),
  ...["/status", "/h1-snapshot", "/metrics", ...FLEET_NUMBERS].map((path) => `router GET ${path}`),
]);

const STATUS: Readonly<Record<Exclude<Answer, "in">, number>> = { "no key": 401, denied: 403, gone: 404 };

test.each(WAYS)("$port: $route is for whom $access says", async (way) => {
  await withWorld(async (world) => {
    const before = await world.store.end();
    await turnsAwayWithoutKey(world, way);
    await hidesFromOthers(world, way);
    for (const asker of ASKERS) {
      const answer = answerTo(way, asker);
      if (answer === "in") continue;
      expect([asker, (await askAs(world, way, asker)).status]).toEqual([asker, STATUS[answer]]);
    }
    expect(await world.store.end()).toEqual(before);
    await letsIn(world, way);
  });
});

function answerTo({ access }: Pick<Way, "access">, asker: Asker): Answer {
  return CLASSES[access][ASKERS.indexOf(asker)] ?? "no key";
}

async function askAs(world: World, way: Way, asker: Asker) {
  const until = way.route === "GET /v1/events" ? SECRET : "";
  return await ask(world, way.port, way.method, way.request(world), keyOf(world, asker), until);
}

function keyOf(world: World, asker: Asker): string | null {
  if (asker === "nobody") return null;
  return asker === "operator" ? OPERATOR : world[asker];
}

/** Nothing is shown for a key that is none, or none any more. */
async function turnsAwayWithoutKey(world: World, { port, method, access, request }: Way): Promise<void> {
  for (const key of [null, "wrong", `${OPERATOR}x`, world.revoked]) {
    const { status, text } = await ask(world, port, method, request(world), key);
    expect(status).toBe(access === "open" ? 200 : 401);
    expect(text).not.toContain(SECRET);
  }
}

/** Nothing is shown for a key of other sessions and rooms, or of an agent that is attached nowhere. */
async function hidesFromOthers(world: World, { port, route, method, access, request }: Way): Promise<void> {
  const isLive = route === "GET /v1/events";
  const isOfFleets = port === "router" || route.includes("/v1/fleet");
  const ofOthers = isOfFleets ? [403] : route.includes(":session_id") ? [403, 404] : [200, 400, 403, 404];
  for (const key of isLive ? [world.foreign] : [world.foreign, world.stranger]) {
    const { status, text } = await ask(world, port, method, request(world), key, isLive ? world.mine : "");
    expect(text).not.toContain(SECRET);
    expect(access === "open" ? [200] : ofOthers).toContain(status);
  }
}

/** The operator first: the request is sound, and shows what others must not see. Whoever may asks for what is left then. */
async function letsIn(world: World, way: Way): Promise<void> {
  const { status, text } = await askAs(world, way, "operator");
  expect([status, status < 300 ? "" : text]).toEqual([expect.any(Number), ""]);
  if (way.method === "GET") expect(text.includes(SECRET)).toBe(!SHOWS_NONE.has(`${way.port} ${way.route}`));
  for (const asker of ASKERS) {
    if (answerTo(way, asker) !== "in") continue;
    const answer = await askAs(world, way, asker);
    // What is gone by then, or there already, is so for the operator too.
    const isIn = ![401, 403, 404].includes(answer.status);
    expect([asker, answer]).toEqual([asker, isIn ? answer : await askAs(world, way, "operator")]);
    expect(answer.status).toBeLessThan(500);
  }
}

test.each(PORTS)("%s: who asks whether it lives is told so, and may only ask", async (port) => {
  await withWorld(async (world) => {
    for (const path of ["/health", "/healthz", "/readyz", "/v1/health"]) {
      expect([path, (await ask(world, port, "GET", { path }, null)).status]).toEqual([path, 200]);
      expect([path, (await ask(world, port, "POST", { path, body: {} }, null)).status]).toEqual([path, 401]);
    }
  });
});

test.each(PORTS)("%s: what is not there is told to who may ask, and to nobody else", async (port) => {
  await withWorld(async (world) => {
    for (const path of ["/nothing", "/v1/fleet/nothing"]) {
      expect([path, (await ask(world, port, "GET", { path }, null)).status]).toEqual([path, 401]);
      for (const asker of ["observer", "deputy", "operator"] as const) {
        const { status } = await ask(world, port, "GET", { path }, keyOf(world, asker));
        expect([path, asker, status]).toEqual([path, asker, 404]);
      }
    }
  });
});
