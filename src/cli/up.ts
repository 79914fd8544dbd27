// `holodeck up`: the server, until it is told to stop; and what the store's sessions have to send is sent meanwhile.
import { HolodeckError } from "../event/error.ts";
import { carrierFor, sinkFor } from "../local.ts";
import { bootId } from "../run/host.ts";
import { loadFleetFile } from "../server/fleet/fleet-file.ts";
import { isLoopback, startServer, type RunningServer } from "../server/main.ts";
import { isThisServer, ownSink } from "../server/own-sink.ts";
import { SystemClock } from "../session/system-clock.ts";
import { systemRandom } from "../session/system-id.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import type { SinkAnswer } from "../tile/sink.ts";
import { lockForServer } from "../store/server-lock.ts";
import { makeLog, type Log } from "../telemetry/log.ts";
import { SessionMetrics } from "../telemetry/metrics.ts";
import { Outbox } from "../tile/outbox.ts";
import { Webhooks } from "../webhook/webhooks.ts";
import type { Webhook } from "../webhook/webhook.ts";
import { declaredWebhooks } from "./declared-webhooks.ts";
import { fileOf } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, printJson, type Io } from "./io.ts";
import { operatorKeys, tokenReader } from "./key-file.ts";
import { watched } from "./post-trouble.ts";
import { loadSettings, type Settings, type SettingsFlags } from "./settings.ts";
import { readFleet, type UpFleet } from "./up-fleet.ts";
import { version } from "./version.ts";

export interface UpOptions extends SettingsFlags {
  readonly demo?: boolean;
  readonly json?: boolean;
}

/** How long what waits is still sent when the server is told to stop, in milliseconds. */
const CLOSE_SEND_MS_MAX = 2_000;

export async function command(_args: readonly string[], options: UpOptions, io: Io): Promise<number> {
  const { settings } = loadSettings(options, io);
  const keys = operatorKeys(settings);
  const webhooks = declaredWebhooks(settings, io);
  const fleet = readFleet(settings);
  const clock = new SystemClock(bootId());
  const log = makeLog({
    level: settings.logLevel,
    isJson: io.err.isTTY !== true,
    write: (line) => note(io, line),
    now: () => clock.now(),
    secrets: keys,
  });
  if (options.demo === true) checkDemo(settings.store);
  return await untilInterrupted(async (stop) => {
    await using parts = new AsyncDisposableStack();
    const store = await openStore(settings.store, io.env);
    parts.defer(async () => await store.close());
    parts.defer(lockOf(store, settings.store));
    const up: Up = { settings, fleet, keys, webhooks, store, clock, log, metrics: new SessionMetrics() };
    const posts = makePosts(up);
    parts.defer(async () => await posts.stop(CLOSE_SEND_MS_MAX));
    await posts.start();
    const server = await serve(up);
    const outbox = startOutbox(up, server);
    // At once: both have their time, and there are ten seconds for all.
    parts.defer(async () => void (await Promise.all([server.close(), outbox.stop(CLOSE_SEND_MS_MAX)])));
    tell(up, server, options, io);
    if (options.demo === true) await play({ up, server, options, io, stop });
    await stopped(stop);
    log.info("stopping");
    return EXIT.ok;
  });
}

interface Up {
  readonly settings: Settings;
  readonly fleet: UpFleet;
  readonly keys: readonly string[];
  readonly webhooks: readonly Webhook[];
  readonly store: Store;
  readonly clock: SystemClock;
  readonly log: Log;
  readonly metrics: SessionMetrics;
}

async function serve({ settings, fleet, keys, store, clock, log, metrics }: Up): Promise<RunningServer> {
  const { host, port, routerPort, allowHosts } = settings;
  const tokens = tokenReader(settings);
  const report = (error: unknown): void => reportTo(log, error);
  const parts = { store, clock, host, port, routerPort, allowHosts, operatorKeys: keys, tokens, log, report };
  const server = await startServer({ ...parts, metrics, fleet: fleet.asked, version: version() });
  if (fleet.file !== null) await loadFleetFile(server.fleets, fleet.file);
  return server;
}

/** A file has one server; databases of their own have any number. */
function lockOf(store: Store, address: string): () => void {
  return fileOf(address) === null ? () => undefined : lockForServer(store.name);
}

/** Sends what the sessions of this store have to send, whoever started them. */
function startOutbox({ settings, store, clock, log, metrics }: Up, { port }: RunningServer): Outbox {
  const served = { host: settings.host, port };
  const elsewhere = sinkFor(clock, settings);
  const outbox = new Outbox({
    ...sendingParts({ store, clock, log }),
    metrics: metrics.outbox,
    sinkFor: (url) => (isThisServer(url, served) ? ownSink(store, elsewhere(url)) : elsewhere(url)),
  });
  outbox.start();
  return outbox;
}

/** Posts what happens in this store, whoever does it. */
function makePosts({ settings, webhooks, store, clock, log, metrics }: Up): Webhooks {
  return new Webhooks({
    ...sendingParts({ store, clock, log }),
    metrics: metrics.webhooks,
    webhooks,
    carrierFor: watched(carrierFor(clock, settings), (destination, answer) => {
      tellTrouble(log, destination, answer);
    }),
  });
}

/** Once when a webhook begins to take nothing, and once when it takes posts again: it may be away for days. */
function tellTrouble(log: Log, webhook: string, answer: SinkAnswer): void {
  if (answer.status === "delivered") log.info("a webhook takes posts again", { webhook });
  else if (answer.status === "retry")
    log.warn("a webhook takes no posts; they wait, and are tried again", { webhook, reason: answer.reason });
  else
    log.warn("a webhook refuses posts; they are parked until `holodeck webhooks --retry`", {
      webhook,
      reason: answer.reason,
    });
}

function sendingParts({ store, clock, log }: Pick<Up, "store" | "clock" | "log">) {
  return {
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: Math.random,
    owner: systemRandom.id(clock.now()),
    onError: (error: unknown): void => reportTo(log, error),
  };
}

function tell(
  { settings, store, log }: Up,
  { port, routerPort }: RunningServer,
  { json }: UpOptions,
  io: Io,
): void {
  const { host } = settings;
  log.info(`PLATO on ${urlOf(host, port)}`, {
    version: version(),
    host,
    port,
    router_port: routerPort,
    store: store.name,
  });
  if (!isLoopback(host))
    log.warn(
      "Others can reach this server; every request needs a key. Keys travel readable: put TLS before it.",
    );
  if (json === true) printJson(io, { host, port, router_port: routerPort, store: store.name });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

interface Playing {
  readonly up: Up;
  readonly server: RunningServer;
  readonly options: UpOptions;
  readonly io: Io;
  readonly stop: AbortSignal;
}

/** The demo's sessions, by the same process, into the same store. What becomes of them leaves the server as it is. */
async function play({ up: { settings, log }, server, options, io, stop }: Playing): Promise<void> {
  const run = { store: settings.store, ...(options.json === true && { json: true }) };
  const { playExample, playPlan } = await import("./demo.ts");
  try {
    await playExample(run, io);
    // The plan hears signals itself.
    if (!stop.aborted) await playPlan(run, io);
  } catch (error) {
    reportTo(log, error);
  }
  if (stop.aborted) return;
  note(io, "");
  note(io, `The tiles are at ${urlOf(settings.host, server.port)}/rooms. Ctrl-C ends the server.`);
}

function checkDemo(address: string): void {
  if (!/^memory:/i.test(address)) return;
  throw new HolodeckError("invalid_argument", {
    what: "The demo cannot be played into a store in memory, which nobody else can open.",
    todo: "Name a file with --store.",
  });
}

function reportTo(log: Log, error: unknown): void {
  const stack = error instanceof Error && !(error instanceof HolodeckError) ? (error.stack ?? "") : "";
  const message = error instanceof Error ? error.message : String(error);
  log.error(message, stack === "" ? {} : { stack });
}

async function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}
