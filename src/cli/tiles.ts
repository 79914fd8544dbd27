// `holodeck tiles`: what sessions told others, as tiles: of a room, of a session, or the newest of all.
// The oldest comes first, as in a log.
import { HolodeckError } from "../event/error.ts";
import type { Tile } from "../tile/tile.ts";
import { palette, wantsColor, type Palette } from "./ansi.ts";
import { withStore } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { formatDate } from "./format.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import type { SourceOption, ToldTile } from "./session-source.ts";
import { urlOf, withSource } from "./source.ts";
import { showPending } from "./tiles-pending.ts";

export interface TilesOptions extends SourceOption {
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
    if (urlOf(options, io) !== null) throw pendingElsewhere();
    const how = { toRead: options.retry !== true };
    return await withStore(options, io, async (store) => await showPending(store, options, io), how);
  }
  return await withSource(options, io, async (source) => {
    const stream = session === undefined ? null : (await findSession(source, session)).stream;
    const asked = { room, stream, limit: options.limit ?? 50 };
    if (options.follow === true) await follow(source.tiles.bind(source, asked), options, io);
    else {
      const tiles: ToldTile[] = [];
      for await (const told of source.tiles(asked, null)) tiles.push(told);
      showAll(tiles, options, io);
    }
    return EXIT.ok;
  });
}

function pendingElsewhere(): HolodeckError {
  return new HolodeckError("unsupported", {
    what: "What waits to be sent is not told by a server.",
    todo: "Ask where its store is: `holodeck tiles --pending --store …`.",
  });
}

async function follow(
  tiles: (stop: AbortSignal) => AsyncGenerator<ToldTile>,
  options: TilesOptions,
  io: Io,
): Promise<void> {
  const show = shower(options, io);
  await untilInterrupted(async (stop) => {
    for await (const told of tiles(stop)) {
      if (stop.aborted) return;
      show(told);
    }
  });
}

function showAll(tiles: readonly ToldTile[], options: TilesOptions, io: Io): void {
  if (options.json === true) return printJson(io, { tiles: tiles.map(({ tile }) => tile) });
  for (const told of tiles) shower(options, io)(told);
  if (tiles.length === 0) note(io, "No tiles.");
}

function shower({ json }: TilesOptions, io: Io): (told: ToldTile) => void {
  const colors = palette(wantsColor(io.out, io.env));
  return ({ tile, at }) => {
    if (json === true) printJson(io, tile);
    else for (const line of tileLines(tile, at, colors)) print(io, line);
  };
}

function tileLines(tile: Tile, at: number, { dim, bold }: Palette): readonly string[] {
  const answer = typeof tile.answer === "string" ? tile.answer : JSON.stringify(tile.answer);
  return [
    `${dim(formatDate(at))}  ${bold(printable(tile.question))}  ${dim(printable(tile.domain))}`,
    `    ${printable(answer)}`,
  ];
}
