// `holodeck webhooks [--retry]` and `holodeck up` with webhooks, in processes of their own, against a real receiver.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SECRET, WebhookReceiver } from "../../test/webhook-receiver.ts";
import { SessionManager } from "../local.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
let folder = "";
let store = "";
let config = "";
let receiver = new WebhookReceiver();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-webhooks-"));
  [store, config] = [join(folder, "h.db"), join(folder, "holodeck.yaml")];
  receiver = await new WebhookReceiver().start();
  writeFileSync(
    config,
    `port: 0\nrouter_port: 0\nwebhooks:\n  - url: ${receiver.url}\n    events: [task_failed, session_ended]\n    secret_env: HOOK_SECRET\n`,
  );
});

afterEach(async () => {
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "webhooks shows what waits and what was refused with its reason; --retry posts it",
  { timeout: 60_000 },
  async () => {
    receiver.script = ({ type }) => (type === "task_failed" ? { status: 410 } : "accept");
    const first = await play([receiver.hook()]);
    await receiver.stop();
    const second = await play([receiver.hook()]);
    const elsewhere = await play([receiver.hook(["task_failed"])]);

    const shown = await run(["webhooks", "--json"]);
    expect(shown.code).toBe(0);
    const origin = new URL(receiver.url).origin;
    expect(JSON.parse(shown.out)).toMatchObject({
      webhooks: [
        {
          origin,
          is_declared: true,
          events: ["task_failed", "session_ended"],
          waiting: 2,
          parked: 1,
          sessions: [
            { session_id: second, waiting: 2, parked: [] },
            { session_id: first, waiting: 0, parked: [{ kind: "task_failed", code: 410 }] },
          ],
        },
        { origin, is_declared: false, events: null, sessions: [{ session_id: elsewhere }] },
      ],
    });
    const text = await run(["webhooks"]);
    expect(text.out).toContain("2 posts waiting, 1 parked  task_failed, session_ended");
    expect(text.out).toContain("not declared in this configuration");
    expect(text.err).toMatch(/What waits is posted by `holodeck up`.*\nWhat is parked was refused/);
    const away = await run(["webhooks", "--retry"]);
    expect([away.code, away.out]).toEqual([7, expect.stringMatching(/not taken: .*ECONNREFUSED/)]);
    expect(shown.out + text.out).not.toMatch(/hunter22|whsec_/);

    await receiver.start();
    const refused = await run(["webhooks", "--retry", "--json"]);
    const [declared] = (
      JSON.parse(refused.out) as { webhooks: readonly { waiting: number; parked: number }[] }
    ).webhooks;
    expect(declared).toMatchObject({ waiting: 0, parked: 3 });
    receiver.script = () => "accept";
    await run(["webhooks", "--retry"]);
    expect(receiver.posts.size).toBe(6);
  },
);

test("up posts what other processes do, and config show masks the webhook", { timeout: 60_000 }, async () => {
  const server = spawn(process.execPath, [MAIN, "up", "--json", "--config", config, "--store", store], {
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [told] = (await once(server.stdout, "data")) as [Buffer];
  const { port } = JSON.parse(String(told)) as { port: number };
  const posted = new Promise<void>((resolve) => {
    receiver.script = ({ type }) => {
      if (type === "session_ended") resolve();
      return "accept";
    };
  });
  const session = await play([]);
  await posted;
  const counted = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  while (!(await counted()).includes("\nholodeck_webhooks_sent_total 2\n")) await new Promise(setImmediate);
  expect(await counted()).toContain("\nholodeck_webhooks_pending 0\n");
  server.kill("SIGTERM");
  const [code] = (await once(server, "close")) as [number];
  expect(code).toBe(0);
  expect([...receiver.posts.values()]).toMatchObject([
    { type: "task_failed", session_id: session },
    { type: "session_ended", session_id: session },
  ]);
  const { out } = await run(["config", "show"]);
  expect(out).toMatch(/webhooks: .*http:\/\/127\.0\.0\.1:\d+\/…/);
  expect(out).toContain("HOOK_SECRET");
  expect(out).not.toMatch(/hunter22|whsec_/);
});

test(
  "up logs once that a webhook takes nothing, and once that it does again",
  { timeout: 60_000 },
  async () => {
    receiver.script = () => ({ status: 500 });
    const server = spawn(process.execPath, [MAIN, "up", "--json", "--config", config, "--store", store], {
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    server.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    await once(server.stdout, "data");
    await play([]);
    while (receiver.ids.length < 3) await new Promise(setImmediate);
    receiver.script = () => "accept";
    while (!log.includes("takes posts again")) await once(server.stderr, "data");
    server.kill("SIGTERM");
    await once(server, "close");
    const told = log.split("\n").filter((line) => line.includes("a webhook"));
    expect(told.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        level: "warn",
        message: expect.stringMatching(/takes no posts/) as string,
        reason: expect.stringMatching(/^HTTP 500/) as string,
      },
      { level: "info", message: "a webhook takes posts again" },
    ]);
    expect(log).not.toMatch(/hunter22|whsec_/);
  },
);

test("a webhook whose secret the environment does not hold is one sentence, before anything starts", async () => {
  const { code, err } = await run(["up"], {});
  expect(code).toBe(2);
  expect(err).toContain("webhooks[0]'s secret, HOOK_SECRET of the environment, is no webhook's secret.");
});

test("a misspelt key of a webhook is told with its line", async () => {
  writeFileSync(config, `webhooks:\n  - urk: ${receiver.url}\n    events: [session_ended, nonsense]\n`);
  const { code, err } = await run(["config", "show"]);
  expect(code).toBe(2);
  expect(err).toMatch(/holodeck\.yaml:2: .*urk is not a key of a configuration\. Did you mean url\?/);
  expect(err).toMatch(/holodeck\.yaml:3: .*Write one of task_failed, session_ended, emergence_alert\./);
});

/** A session with a task that fails, in a manager of its own with these webhooks; its id. */
async function play(webhooks: readonly ReturnType<WebhookReceiver["hook"]>[]): Promise<string> {
  await using manager = new SessionManager({ sessionName: "s", agentId: "oracle1" }, { store, webhooks });
  const session = await manager.startSession();
  await session.addTask("t");
  await session.completeTask("t", "failed", { error: "it broke" });
  await session.endSession();
  return session.sessionId;
}

function environment(
  own: Readonly<Record<string, string>> = { HOOK_SECRET: SECRET },
): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", ...own };
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], own?: Readonly<Record<string, string>>): Promise<Ran> {
  const env = { ...environment(own), HOLODECK_STORE: store, HOLODECK_CONFIG: config };
  return await new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}
