// `holodeck tiles`: what sessions told others, as tiles: of a room, of a session, or the newest of all.
// The oldest comes first, as in a log.
import { tileOf, type Tile } from "../tile/tile.ts";
import type { StoredEvent } from "../event/log.ts";
import type { StreamId } from "../event/event.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import type { Store } from "../store/port.ts";
import { palette, wantsColor, type Palette } from "./ansi.ts";
import { withStore, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { followLog } from "./follow.ts";
import { formatDate } from "./format.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { newestTiles } from "./newest-tiles.ts";
import { printable } from "./printable.ts";
import { showPending } from "./tiles-pending.ts";

export interface TilesOptions extends StoreOption {
  readonly room?: string;
  readonly session?: string;
  readonly follow?: boolean;
  /** Default 50. */
  readonly limit?: number;
  readonly json?: boolean;
  /** Those that wait to be sent, or were refused, instead of those there are. */
  readonly pending?: boolean;
  readonly retry?: boolean;
}

export async function command(_args: readonly string[], options: TilesOptions, io: Io): Promise<number> {
  const { session, room = null } = options;
  if (options.pending === true || options.retry === true) {
    return await withStore(options, io, async (store) => await showPending(store, options, io));
  }
  return await withStore(options, io, async (store) => {
    const stream = session === undefined ? null : (await findSession(store, session)).stream;
    const follows = options.follow === true;
    if (stream !== null) await refusePruned(store, stream);
    // Before the tiles that are there are read: what comes meanwhile is read twice and shown once.
    const end = await store.end();
    const events = await newestTiles(store, { room, stream, limit: options.limit ?? 50 });
    if (options.json === true && !follows) {
      printJson(io, { tiles: events.map(({ event }) => tileOf(event)) });
      return EXIT.ok;
    }
    const show = shower(options, io);
    for (const stored of events) show(stored);
    if (events.length === 0 && !follows) note(io, "No tiles.");
    if (follows) await untilInterrupted(async (stop) => await follow(stop, end));
    return EXIT.ok;

    async function follow(stop: AbortSignal, after: Awaited<ReturnType<Store["end"]>>): Promise<void> {
      const shown = new Set(events.map(({ hash }) => hash));
      if (stream !== null && (await isEnded(store, stream, shown))) return;
      for await (const stored of followLog(store, after, stop)) {
        if (stop.aborted) return;
        const { event, hash } = stored;
        const isMeant = (room ?? event.room) === event.room && (stream ?? event.stream) === event.stream;
        if (isMeant && !shown.has(hash)) show(stored);
        if (stream === event.stream && event.type === "session_ended") return;
      }
    }
  });
}

/** What a session told others went with its events. */
async function refusePruned(store: Store, stream: StreamId): Promise<void> {
  const [first] = await store.read({ stream, limit: 1 });
  const pruned = first === undefined || first.event.seq === 1 ? null : prunedBy(first.event);
  if (pruned !== null) throw eventsPruned(stream, pruned.to);
}

/** Whether a session has ended and its last tile has been shown. */
async function isEnded(store: Store, stream: StreamId, shown: ReadonlySet<string>): Promise<boolean> {
  const head = await store.head({ stream });
  return head !== null && head.status !== "open" && shown.has(head.hash);
}

function shower({ json }: TilesOptions, io: Io): (stored: StoredEvent) => void {
  const colors = palette(wantsColor(io.out, io.env));
  return ({ event }) => {
    const tile = tileOf(event);
    if (tile === null) return;
    if (json === true) printJson(io, tile);
    else for (const line of tileLines(tile, event.at, colors)) print(io, line);
  };
}

function tileLines(tile: Tile, at: number, { dim, bold }: Palette): readonly string[] {
  const answer = typeof tile.answer === "string" ? tile.answer : JSON.stringify(tile.answer);
  return [
    `${dim(formatDate(at))}  ${bold(printable(tile.question))}  ${dim(printable(tile.domain))}`,
    `    ${printable(answer)}`,
  ];
}
