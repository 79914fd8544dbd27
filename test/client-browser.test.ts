import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commandOf, need } from "./need.ts";
import { ServedWorld } from "./served-world.ts";

const ROOT = join(import.meta.dirname, "..");

const PAGE = `<!doctype html><script type="module">
const told = { ended: [] };
try {
  const { SessionManager } = await import("/src/client/index.ts");
  const manager = new SessionManager({ url: location.origin, sessionName: "in-a-browser", agentId: "page" });
  const session = await manager.startSession();
  await session.addTask("a");
  session.on("task_ended", ({ data }) => told.ended.push(data.outcome));
  told.result = await session.run("a", () => ({ found: 5 }));
  await session.endSession();
  told.outcome = session.outcome;
  told.tiles = (await session.tiles()).length;
  await manager.close();
} catch (error) {
  told.error = String(error?.stack ?? error);
}
await fetch("/told", { method: "POST", body: JSON.stringify(told) });
</script>`;

test.skipIf(!need("chromium"))(
  "the client runs in a real browser, from its sources as they are",
  async () => {
    const world = await new ServedWorld().start();
    onTestFinished(async () => await world.close());
    const told = Promise.withResolvers<string>();
    const site = createServer((incoming, outgoing) => {
      if (incoming.url === "/told")
        incoming.setEncoding("utf8").on("data", (text: string) => told.resolve(text));
      else if (incoming.url?.startsWith("/v1/")) pass(incoming, outgoing, world.url);
      else serveFile(incoming.url ?? "", outgoing);
    });
    await new Promise<void>((resolve) => void site.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      site.closeAllConnections();
      site.close();
    });
    open(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    expect(JSON.parse(await told.promise)).toEqual({
      ended: ["success"],
      result: { found: 5 },
      outcome: "success",
      tiles: 4,
    });
  },
);

function serveFile(path: string, outgoing: ServerResponse): void {
  const isSource = /^\/src\/[a-z/-]+\.ts$/.test(path);
  const text = isSource ? stripTypeScriptTypes(readFileSync(join(ROOT, path), "utf8")) : PAGE;
  outgoing.writeHead(200, { "content-type": isSource ? "text/javascript" : "text/html" }).end(text);
}

/** As a proxy before a server does, so that page and server have one origin. */
function pass(incoming: IncomingMessage, outgoing: ServerResponse, target: string): void {
  const { host: _, origin: __, ...headers } = incoming.headers;
  const onward = request(
    `${target}${incoming.url}`,
    { method: incoming.method ?? "GET", headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

function open(url: string): void {
  const profile = mkdtempSync(join(tmpdir(), "holodeck-browser-"));
  const quiet = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  const browser = spawn(
    commandOf("chromium"),
    ["--headless", "--no-sandbox", ...quiet, `--user-data-dir=${profile}`, "--remote-debugging-port=0", url],
    { stdio: "ignore", detached: true },
  );
  onTestFinished(async () => {
    const gone = new Promise((resolve) => browser.once("exit", resolve));
    // Its helpers are in its group.
    if (browser.pid !== undefined) process.kill(-browser.pid, "SIGKILL");
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
}
