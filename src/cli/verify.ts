// `holodeck verify`: every event against its hash, every chain, every head, and what the store finds below them.
import { HolodeckError } from "../event/error.ts";
import { verifyStore, type Verification } from "../store/verify.ts";
import { palette, wantsColor } from "./ansi.ts";
import { withStoreToRead, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { pasteable } from "./hint.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export interface VerifyOptions extends StoreOption {
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: VerifyOptions, io: Io): Promise<number> {
  const { verification, todo } = await verify(options, io);
  const { ok, streams, events, pruned, problems } = verification;
  if (options.json === true) printJson(io, { ok, streams, events, pruned, ...(!ok && { problems }) });
  else show(verification, todo, io);
  return ok ? EXIT.ok : EXIT.failed;
}

interface Verified {
  readonly verification: Verification;
  /** What to do when it is not in order. */
  readonly todo: string;
}

const RESTORE_DAMAGED =
  "Restore the store from a backup. Until then sessions of streams that are not named here can be read.";

/** A store that is there and cannot be opened is not in order: that is an answer, not an error. */
async function verify(options: VerifyOptions, io: Io): Promise<Verified> {
  try {
    return await withStoreToRead(options, io, async (store) => {
      const progress = progressLine(io);
      const verification = await verifyStore(store, { onProgress: progress.show });
      progress.clear();
      return { verification, todo: RESTORE_DAMAGED };
    });
  } catch (error) {
    if (!(error instanceof HolodeckError) || !CANNOT_OPEN.has(error.code)) throw error;
    const problems = [{ stream: null, seq: null, what: error.what }];
    const verification = { ok: false, streams: 0, events: 0, pruned: 0, problems };
    return { verification, todo: adviceOn(error) };
  }
}

const CANNOT_OPEN: ReadonlySet<string> = new Set(["store_corrupt", "store_newer", "internal"]);

/** What others are told to do about damage is to verify: that has been done. */
function adviceOn({ code, todo }: HolodeckError): string {
  return code === "store_corrupt" ? "Restore it from a backup, or move it away to begin anew." : todo;
}

function show({ ok, streams, events, pruned, problems }: Verification, todo: string, io: Io): void {
  const colors = palette(wantsColor(io.out, io.env));
  const gone = pruned === 0 ? "" : `, and the hashes of ${pruned.toLocaleString("en-US")} pruned`;
  const looked = `${count(streams, "stream")}, ${count(events, "event")}${gone}`;
  if (ok) {
    print(io, `${colors.green("ok")}: ${looked}; every hash and every chain holds.`);
    return;
  }
  print(io, `${colors.red("not ok")}: ${count(problems.length, "problem")} in ${looked}.`);
  for (const { stream, seq, what } of problems) {
    const place = stream === null ? "" : `${stream}${seq === null ? "" : ` #${seq}`}: `;
    print(io, `  ${printable(place + what)}`);
  }
  note(io, pasteable(io, todo));
}

const PROGRESS_MS = 200;

/** A line on a terminal that is written over; nothing elsewhere. */
function progressLine({ err }: Io): {
  readonly show: (progress: { readonly streams: number; readonly events: number }) => void;
  readonly clear: () => void;
} {
  let shownAt = performance.now();
  let isShown = false;
  return {
    show: ({ streams, events }) => {
      const now = performance.now();
      if (err.isTTY !== true || now - shownAt < PROGRESS_MS) return;
      shownAt = now;
      isShown = true;
      err.write(`\r\u001B[K${count(streams, "stream")}, ${count(events, "event")} looked at`);
    },
    clear: () => {
      if (isShown) err.write("\r\u001B[K");
    },
  };
}
