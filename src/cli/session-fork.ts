// `holodeck session fork`: a new session that starts from where another one stood.
import { streamKey } from "../event/event.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { hint } from "./hint.ts";
import { note, print, printJson, type Io } from "./io.ts";
import type { SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";

export interface SessionForkOptions extends SourceOption {
  /** Default the newest. */
  readonly at?: number;
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: SessionForkOptions, io: Io): Promise<number> {
  const { fork, fromId, seq } = await withSource(options, io, async (source) => {
    const head = await findSession(source, args[0] ?? "latest");
    const from = { fromId: streamKey(head.stream), seq: options.at ?? head.seq };
    return { fork: await source.fork(from.fromId, from.seq), ...from };
  });
  const open = fork.getActiveTasks().length;
  if (options.json === true) {
    const from = { session_id: fromId, seq, hash: fork.forkedFrom?.hash ?? null };
    printJson(io, {
      session_id: fork.sessionId,
      forked_from: from,
      tasks: fork.tasks.length,
      open_tasks: open,
    });
  } else {
    print(io, `${fork.sessionId} starts from event ${seq} of ${fromId}.`);
    if (fork.plan !== null) note(io, `Go on with it: ${hint(io, "resume", fork.sessionId)}`);
  }
  return EXIT.ok;
}
