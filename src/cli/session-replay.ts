// `holodeck session replay`: what happened in a session, event by event, and how it stood then. Reads alone.
import type { Event } from "../event/event.ts";
import { streamKey, type StreamId } from "../event/event.ts";
import { stateAt } from "../session/past-session.ts";
import type { PastState } from "../session/past-view.ts";
import type { SessionReading } from "../session/reading.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { storedLine } from "./plain-line.ts";
import { sessionDocument } from "../session/session-document.ts";
import { showSession } from "./session-show.ts";
import type { SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";

export interface SessionReplayOptions extends SourceOption {
  /** Default the newest. */
  readonly at?: number;
  readonly json?: boolean;
}

export async function command(
  args: readonly string[],
  options: SessionReplayOptions,
  io: Io,
): Promise<number> {
  return await withSource(options, io, async (source) => {
    const head = await findSession(source, args[0] ?? "latest");
    const store = source.reading(streamKey(head.stream));
    const past = await stateAt(store, streamKey(head.stream), options.at ?? head.seq);
    if (options.json === true) {
      const { seq, hash, at, state } = past;
      printJson(io, { seq, last_seq: head.seq, hash, at: isoTime(at), session: sessionDocument(state, at) });
    } else {
      await replay(store, head.stream, past, io);
      if (past.seq < head.seq) note(io, `As it was after event ${past.seq} of ${head.seq}.`);
    }
    return EXIT.ok;
  });
}

async function replay(
  store: SessionReading,
  stream: StreamId,
  { state, seq, at }: PastState,
  io: Io,
): Promise<void> {
  const colors = palette(wantsColor(io.out, io.env));
  const width = String(seq).length;
  for await (const event of eventsThrough(store, stream, seq)) {
    print(io, `${colors.dim(String(event.seq).padStart(width))}  ${storedLine(event, colors)}`);
  }
  print(io, "");
  showSession(state, at, io);
}

async function* eventsThrough(
  store: SessionReading,
  stream: StreamId,
  lastSeq: number,
): AsyncGenerator<Event> {
  for (let seq = 0; seq < lastSeq;) {
    const page = await store.read({ stream, afterSeq: seq, limit: Math.min(1_000, lastSeq - seq) });
    for (const { event } of page) yield event;
    const last = page.at(-1);
    if (last === undefined) return;
    seq = last.event.seq;
  }
}
