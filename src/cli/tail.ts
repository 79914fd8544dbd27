// `holodeck tail`: events as they come, one line each, of one session or of all, from whichever process.
import { streamKey, type StreamId } from "../event/event.ts";
import type { ToldEvent } from "../session/reading.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { untilInterrupted } from "./interrupt.ts";
import { print, printJson, type Io } from "./io.ts";
import { storedLine } from "./plain-line.ts";
import type { SessionSource, SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";

export interface TailOptions extends SourceOption {
  /** Default: when stdout is a terminal and the session is open. */
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: TailOptions, io: Io): Promise<number> {
  const [name] = args;
  return await withSource(options, io, async (source) => {
    const head = name === undefined ? null : await findSession(source, name);
    const stream = head?.stream ?? null;
    const throughSeq = head?.seq ?? 0;
    const isOpen = head === null || head.status === "open";
    const follows = options.follow ?? (isOpen && io.out.isTTY === true);
    await untilInterrupted(
      async (stop) => await printEvents({ source, stream, throughSeq, stop, follows, options, io }),
    );
    return EXIT.ok;
  });
}

interface Tailing {
  readonly source: SessionSource;
  /** Null: all of them. */
  readonly stream: StreamId | null;
  /** What was there at the beginning is told, also what came after the session's end. */
  readonly throughSeq: number;
  readonly stop: AbortSignal;
  readonly follows: boolean;
  readonly options: TailOptions;
  readonly io: Io;
}

async function printEvents(tailing: Tailing): Promise<void> {
  const { source, stream, throughSeq, stop, follows, options, io } = tailing;
  const until = follows ? stop : null;
  const events = source.events(stream, until);
  const colors = palette(wantsColor(io.out, io.env));
  let isOver = false;
  for await (const stored of events) {
    if (stop.aborted) return;
    if (options.json === true) printJson(io, documentOf(stored));
    else if (stream !== null) print(io, storedLine(stored.event, colors));
    else print(io, `${colors.dim(streamKey(stored.event.stream))}  ${storedLine(stored.event, colors)}`);
    isOver ||= stored.event.type === "session_ended";
    if (stream !== null && isOver && stored.event.seq >= throughSeq) return;
  }
}

/** The event as it was hashed, and its hash. */
function documentOf({ event, hash }: ToldEvent): object {
  return { ...event, hash };
}
