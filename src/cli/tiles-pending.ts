// `holodeck tiles --pending`: what waits on its way to PLATO servers and what they would not have, and with `--retry`
// another try for all of it, from this process.
import { systemRandom } from "../session/system-id.ts";
import { SystemClock } from "../session/system-clock.ts";
import { sinkFor } from "../local.ts";
import { streamKey, streamKind, type StreamId } from "../event/event.ts";
import { bootId } from "../run/host.ts";
import type { Store } from "../store/port.ts";
import { Outbox } from "../tile/outbox.ts";
import { waitingSessions, type WaitingSession } from "../tile/waiting.ts";
import { palette, wantsColor, type Palette } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export interface TilesPendingOptions {
  readonly retry?: boolean;
  readonly json?: boolean;
}

/** How long a retry goes on sending while a server takes what it is given. */
const RETRY_MS_MAX = 30_000;

/** After a retry: 7 when tiles still wait, 1 when some were refused again. */
export async function showPending(store: Store, options: TilesPendingOptions, io: Io): Promise<number> {
  if (options.retry === true) await retry(store, io);
  const destinations = await byDestination(store);
  if (options.json === true) printJson(io, { destinations: destinations.map(documentOf) });
  else if (destinations.length === 0) note(io, "No tiles wait.");
  else {
    const colors = palette(wantsColor(io.out, io.env));
    for (const line of destinations.flatMap((one) => linesOf(one, colors))) print(io, line);
  }
  if (options.retry !== true) return EXIT.ok;
  if (destinations.some(({ waiting }) => waiting > 0)) return EXIT.serverUnreachable;
  return destinations.length > 0 ? EXIT.failed : EXIT.ok;
}

async function retry(store: Store, io: Io): Promise<void> {
  const clock = new SystemClock(bootId());
  const outbox = new Outbox({
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: Math.random,
    owner: systemRandom.id(clock.now()),
    sinkFor: sinkFor(clock),
    onError: (error) =>
      note(io, `A tile could not be sent: ${error instanceof Error ? error.message : String(error)}`),
  });
  const tiles = await outbox.retryParked();
  if (tiles > 0) note(io, `Trying ${count(tiles, "parked tile")} again.`);
  await outbox.stop(RETRY_MS_MAX);
}

interface Destination {
  readonly destination: string;
  readonly waiting: number;
  readonly parked: number;
  readonly sessions: readonly WaitingSession[];
}

async function byDestination(store: Store): Promise<readonly Destination[]> {
  const found = new Map<string, WaitingSession[]>();
  for await (const session of waitingSessions(store)) {
    const { destination } = session;
    found.set(destination, [...(found.get(destination) ?? []), session]);
  }
  return [...found].map(([destination, sessions]) => ({
    destination,
    waiting: sessions.reduce((sum, one) => sum + one.waiting, 0),
    parked: sessions.reduce((sum, one) => sum + one.parked.length, 0),
    sessions,
  }));
}

function documentOf({ destination, waiting, parked, sessions }: Destination): object {
  return {
    destination,
    waiting,
    parked,
    sessions: sessions.map((one) => ({
      session_id: nameOf(one.session),
      waiting: one.waiting,
      parked: one.parked,
    })),
  };
}

/** A session by its id; what else sends tiles, such as a fleet, by its stream. */
function nameOf(stream: StreamId): string {
  return streamKind(stream) === "session" ? streamKey(stream) : stream;
}

function linesOf(
  { destination, waiting, parked, sessions }: Destination,
  { bold, dim }: Palette,
): readonly string[] {
  const refused = parked === 0 ? "" : `, ${parked} parked`;
  return [
    `${bold(printable(destination))}  ${count(waiting, "tile")} waiting${refused}`,
    ...sessions.flatMap((one) => [
      `  ${nameOf(one.session)}  ${dim(`${one.waiting} waiting`)}`,
      ...one.parked.map(({ question, reason }) => `    ${printable(question)}  ${dim(printable(reason))}`),
    ]),
  ];
}
