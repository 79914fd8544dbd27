// A server under load, in a process of its own: `ours PATH` is the whole server over the store in that file, `nothing`
// the same framework answering nothing. Tells its port in one line, and stops when its input ends. Asked for `cpu` it says
// how many µs of processor time it has had; from `profile` to the next line it looks where its time goes, and says so.
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bootId } from "../../src/run/host.ts";
import { startServer } from "../../src/server/main.ts";
import { SystemClock } from "../../src/session/system-clock.ts";
import { openStore } from "../../src/store/open.ts";
import { profile } from "../profile.ts";

const [kind, path] = process.argv.slice(2);
const stop = kind === "ours" ? await startOurs(path ?? "") : await startNothing();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  if (line === "cpu") {
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${user + system}\n`);
  } else {
    const shares = await profile(async () => void (await lines.next()));
    process.stdout.write(`${shares}\n`);
  }
}
await stop();

async function startOurs(address: string): Promise<() => Promise<void>> {
  const store = await openStore(address);
  const server = await startServer({
    store,
    clock: new SystemClock(bootId()),
    port: 0,
    routerPort: 0,
    version: "bench",
    report: (error) => void process.stderr.write(`${String(error)}\n`),
  });
  process.stdout.write(`${server.port}\n`);
  return async () => {
    await server.close();
    await store.close();
  };
}

async function startNothing(): Promise<() => Promise<void>> {
  const app = new Hono();
  app.post("/submit", (c) => c.body(null, 204));
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await new Promise<void>((resolve) => void server.once("listening", () => resolve()));
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  return async () => await new Promise<void>((resolve) => void server.close(() => resolve()));
}
