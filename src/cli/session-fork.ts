// `holodeck session fork`: a new session that starts from where another one stood.
import { streamKey } from "../event/event.ts";
import { SessionManager } from "../local.ts";
import { addressOf, withStore, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { note, print, printJson, type Io } from "./io.ts";

export interface SessionForkOptions extends StoreOption {
  /** Default the newest. */
  readonly at?: number;
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: SessionForkOptions, io: Io): Promise<number> {
  const head = await withStore(options, io, async (store) => await findSession(store, args[0] ?? "latest"));
  const fromId = streamKey(head.stream);
  const seq = options.at ?? head.seq;
  await using manager = new SessionManager(
    { sessionName: "holodeck session fork", agentId: "holodeck" },
    { store: addressOf(options, io) },
  );
  const fork = await (await manager.get(fromId)).fork(seq);
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
    if (fork.plan !== null) note(io, `Go on with it: holodeck resume ${fork.sessionId}`);
  }
  return EXIT.ok;
}
