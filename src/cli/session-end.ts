// `holodeck session end`: ends a session from outside. Its open tasks are cancelled; a process that runs them sees it,
// and what a killed one left is taken away. It is over when what ran on this machine has left.
import { streamKey } from "../event/event.ts";
import type { SessionOutcome } from "../session/outcome.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { note, print, printJson, type Io } from "./io.ts";
import type { SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";

export interface SessionEndOptions extends SourceOption {
  /** Default cancelled. */
  readonly outcome?: SessionOutcome;
  readonly error?: string;
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: SessionEndOptions, io: Io): Promise<number> {
  const { session, outcome, wasOpen, processesLeft } = await withSource(options, io, async (source) => {
    const { stream } = await findSession(source, args[0] ?? "latest");
    return await source.end(streamKey(stream), options.outcome ?? "cancelled", options.error);
  });
  const { sessionId } = session;
  if (options.json === true) {
    printJson(io, { session_id: sessionId, outcome, changed: wasOpen, tasks: session.totals });
  } else {
    print(
      io,
      wasOpen ? `${sessionId} ended as ${outcome}.` : `${sessionId} had already ended as ${outcome}.`,
    );
  }
  if (processesLeft > 0) {
    note(io, `${processesLeft} of its processes still run, though they were told to leave.`);
  }
  return EXIT.ok;
}
