// `holodeck webhooks`: what waits to be posted to webhooks and what they would not have, and with `--retry` another try
// for all of it: from this process for those that the configuration declares, from their own for the others.
import { streamKey } from "../event/event.ts";
import { carrierFor } from "../local.ts";
import { bootId } from "../run/host.ts";
import { SystemClock } from "../session/system-clock.ts";
import { systemRandom } from "../session/system-id.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import { Deliveries, type DeliveriesOptions } from "../tile/deliveries.ts";
import { waitingSessions, type WaitingSession } from "../tile/waiting.ts";
import { ANY_WEBHOOK, destinationOf, errandOf } from "../webhook/post-errand.ts";
import type { Webhook } from "../webhook/webhook.ts";
import { Webhooks } from "../webhook/webhooks.ts";
import { palette, wantsColor, type Palette } from "./ansi.ts";
import { declaredWebhooks } from "./declared-webhooks.ts";
import { hasData, noData } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import { watched } from "./post-trouble.ts";
import { loadSettings, type Settings } from "./settings.ts";

export interface WebhooksCommandOptions {
  readonly config?: string;
  readonly store?: string;
  readonly retry?: boolean;
  readonly json?: boolean;
}

/** How long a retry goes on posting while a webhook takes what it is given. */
const RETRY_MS_MAX = 30_000;

/** After a retry: 7 when posts still wait, 1 when some were refused again. */
export async function command(
  _args: readonly string[],
  options: WebhooksCommandOptions,
  io: Io,
): Promise<number> {
  const { settings } = loadSettings(options, io);
  const declared = declaredWebhooks(settings, io);
  if (!hasData(settings.store)) throw noData(settings.store);
  await using parts = new AsyncDisposableStack();
  const store = await openStore(settings.store, io.env, { toRead: options.retry !== true });
  parts.defer(async () => await store.close());
  const trouble =
    options.retry === true ? await retry(store, { settings, declared, io }) : new Map<string, string>();
  const shown = await look(store, declared, trouble);
  if (options.json === true) printJson(io, { webhooks: shown.map((one) => documentOf(one)) });
  else tell(shown, options, io);
  if (options.retry !== true) return EXIT.ok;
  if (shown.some(({ waiting }) => waiting > 0)) return EXIT.serverUnreachable;
  return shown.some(({ parked }) => parked > 0) ? EXIT.failed : EXIT.ok;
}

interface Retrying {
  readonly settings: Settings;
  readonly declared: readonly Webhook[];
  readonly io: Io;
}

/** Answers, by destination, why what it would take later was not taken now. */
async function retry(
  store: Store,
  { settings, declared, io }: Retrying,
): Promise<ReadonlyMap<string, string>> {
  const clock = new SystemClock(bootId());
  const parts = {
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: Math.random,
    owner: systemRandom.id(clock.now()),
    onError: (error: unknown) =>
      note(io, `A post could not be sent: ${error instanceof Error ? error.message : String(error)}`),
  } satisfies Partial<DeliveriesOptions>;
  const asks = new Deliveries({ ...parts, errand: ANY_WEBHOOK, carrierFor: () => neverSends });
  const posts = await asks.retryParked();
  if (posts > 0) note(io, `Trying ${count(posts, "parked post")} again.`);
  const trouble = new Map<string, string>();
  const carriers = watched(carrierFor(clock, settings), (destination, answer) => {
    if (answer.status === "retry") trouble.set(destination, answer.reason);
    else trouble.delete(destination);
  });
  const sends = new Webhooks({ ...parts, webhooks: declared, carrierFor: carriers });
  await sends.stop(RETRY_MS_MAX);
  return trouble;
}

/** Asking for a retry posts nothing. */
const neverSends = {
  carry: async () =>
    await Promise.resolve({ status: "retry", reason: "not sent here", afterMs: null } as const),
  close: () => undefined,
};

interface Shown {
  /** `https://example.org#9f86d081884c7d65` */
  readonly destination: string;
  /** Null for one that this configuration does not declare. */
  readonly events: readonly string[] | null;
  readonly waiting: number;
  readonly parked: number;
  readonly sessions: readonly WaitingSession[];
  /** Why the last try came to nothing; null where nobody tried just now, or it was taken or refused. */
  readonly trouble: string | null;
}

/** Those that are declared, then others that the log knows to have something waiting or parked. */
async function look(
  store: Store,
  declared: readonly Webhook[],
  trouble: ReadonlyMap<string, string>,
): Promise<readonly Shown[]> {
  const found = new Map<
    string,
    { readonly events: readonly string[] | null; readonly sessions: WaitingSession[] }
  >();
  for (const webhook of declared) {
    const sessions: WaitingSession[] = [];
    for await (const one of waitingSessions(store, { errand: errandOf(webhook) })) sessions.push(one);
    found.set(destinationOf(webhook), { events: webhook.kinds, sessions });
  }
  for await (const session of waitingSessions(store, { errand: ANY_WEBHOOK })) {
    const known = found.get(session.destination);
    if (known === undefined) found.set(session.destination, { events: null, sessions: [session] });
    else if (known.events === null) known.sessions.push(session);
  }
  return [...found].map(([destination, { events, sessions }]) => ({
    destination,
    events,
    waiting: sessions.reduce((sum, one) => sum + one.waiting, 0),
    parked: sessions.reduce((sum, one) => sum + one.parked.length, 0),
    sessions,
    trouble: trouble.get(destination) ?? null,
  }));
}

function documentOf({ destination, events, waiting, parked, sessions, trouble }: Shown): object {
  const [origin, id] = destination.split("#");
  return {
    id,
    origin,
    is_declared: events !== null,
    events,
    waiting,
    parked,
    ...(trouble !== null && { trouble }),
    sessions: sessions.map((one) => ({
      session_id: sessionOf(one),
      waiting: one.waiting,
      parked: one.parked.map(({ seq, hash, question, reason, code }) => ({
        kind: question,
        event_id: hash,
        seq,
        reason,
        code,
      })),
    })),
  };
}

function sessionOf({ session }: WaitingSession): string {
  return streamKey(session);
}

function tell(shown: readonly Shown[], { retry: hasTried = false }: WebhooksCommandOptions, io: Io): void {
  if (shown.length === 0) note(io, "No webhooks. Declare some under `webhooks` in holodeck.yaml.");
  const colors = palette(wantsColor(io.out, io.env));
  for (const line of shown.flatMap((one) => linesOf(one, colors))) print(io, line);
  if (hasTried) return;
  if (shown.some(({ waiting }) => waiting > 0))
    note(io, "What waits is posted by `holodeck up`, or now by --retry, which says what is in the way.");
  if (shown.some(({ parked }) => parked > 0))
    note(io, "What is parked was refused and is not tried again, but by --retry.");
}

function linesOf(
  { destination, events, waiting, parked, sessions, trouble }: Shown,
  { bold, dim }: Palette,
): readonly string[] {
  const refused = parked === 0 ? "" : `, ${parked} parked`;
  const about = events === null ? "not declared in this configuration" : events.join(", ");
  return [
    `${bold(printable(destination))}  ${count(waiting, "post")} waiting${refused}  ${dim(about)}`,
    ...(trouble === null ? [] : [`  not taken: ${printable(trouble)}`]),
    ...sessions.flatMap((one) => [
      `  ${sessionOf(one)}  ${dim(`${one.waiting} waiting`)}`,
      ...one.parked.map(({ question, reason }) => `    ${printable(question)}  ${dim(printable(reason))}`),
    ]),
  ];
}
