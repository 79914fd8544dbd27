// `holodeck session end`: ends a session from outside. Its open tasks are cancelled; a process that runs them sees it,
// and what a killed one left is taken away.
import { SessionManager } from "../local.ts";
import { streamKey } from "../event/event.ts";
import { keptSpools } from "../run/plan-session.ts";
import type { SessionOutcome } from "../session/outcome.ts";
import { addressOf, withStore, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { print, printJson, type Io } from "./io.ts";
import { sweep } from "./run-session.ts";

export interface SessionEndOptions extends StoreOption {
  /** Default cancelled. */
  readonly outcome?: SessionOutcome;
  readonly error?: string;
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: SessionEndOptions, io: Io): Promise<number> {
  const head = await withStore(options, io, async (store) => await findSession(store, args[0] ?? "latest"));
  const sessionId = streamKey(head.stream);
  await using manager = new SessionManager(
    { sessionName: "holodeck session end", agentId: "holodeck" },
    { store: addressOf(options, io) },
  );
  const session = await manager.get(sessionId);
  const wasOpen = session.status === "open";
  const outcome = await session.endSession(
    options.outcome ?? "cancelled",
    options.error === undefined ? {} : { error: options.error },
  );
  await sweep(await manager.store(), keptSpools(session));
  if (options.json === true) {
    printJson(io, { session_id: sessionId, outcome, changed: wasOpen, tasks: session.totals });
  } else {
    print(
      io,
      wasOpen ? `${sessionId} ended as ${outcome}.` : `${sessionId} had already ended as ${outcome}.`,
    );
  }
  return EXIT.ok;
}
