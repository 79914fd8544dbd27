import { afterEach, expect, test } from "vitest";
import { MemoryStore } from "../../store/memory.ts";
import { settled } from "../../testing/test-clock.ts";
import { V1Caller, type V1CallerOptions } from "../../testing/v1-caller.ts";
import { isPathOfV1 } from "./app.ts";

const callers: V1Caller[] = [];
afterEach(async () => {
  for (const one of callers.splice(0)) await one.close();
});

function caller(options: V1CallerOptions = {}): V1Caller {
  const made = new V1Caller(options);
  callers.push(made);
  return made;
}

test("a server that lives and takes requests says so", async () => {
  const v1 = caller();
  for (const path of ["/v1/health", "/healthz"])
    expect((await v1.get(path)).body).toEqual({ status: "ok", version: "1.2.3" });
  expect((await v1.get("/readyz")).body).toEqual({ status: "ready", version: "1.2.3" });
});

test("a server that is told to stop lives, and is not ready", async () => {
  const v1 = caller({ isReady: () => false });
  expect((await v1.get("/healthz")).status).toBe(200);
  const { status, body } = await v1.get("/readyz");
  expect([status, body.code, body["retryable"]]).toEqual([503, "store_closed", true]);
});

class SilentStore extends MemoryStore {
  override async end(): Promise<never> {
    return await new Promise<never>(() => undefined);
  }
}

test("a server whose store does not answer, or fails, is not ready", async () => {
  const silent = caller({ store: new SilentStore() });
  const asked = silent.get("/readyz");
  await settled();
  await silent.clock.advance(2_000);
  expect((await asked).body.code).toBe("store_unreachable");
  expect(silent.reported.splice(0)).toHaveLength(1);
  const closed = caller();
  await closed.store.close();
  expect((await closed.get("/readyz")).status).toBe(503);
  expect(closed.reported.splice(0)).toHaveLength(1);
});

test("paths under /v1 and its neighbours are its own, PLATO's are not", () => {
  for (const path of ["/v1", "/v1/", "/v1/x", "/metrics", "/healthz", "/readyz"])
    expect(isPathOfV1(path), path).toBe(true);
  for (const path of ["/", "/health", "/v10", "/v1x", "/room/v1/x", "/rooms", "/metrics/x"])
    expect(isPathOfV1(path), path).toBe(false);
});
