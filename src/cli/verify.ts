// `holodeck verify`: every event against its hash, every chain, every head, and what the store finds below them.
import { HolodeckError } from "../event/error.ts";
import { verifyStore, type Verification } from "../store/verify.ts";
import { palette, wantsColor } from "./ansi.ts";
import { withStoreToRead, type StoreOption } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { count } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";

export interface VerifyOptions extends StoreOption {
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: VerifyOptions, io: Io): Promise<number> {
  const verification = await verify(options, io);
  const { ok, streams, events, pruned, problems } = verification;
  if (options.json === true) printJson(io, { ok, streams, events, pruned, ...(!ok && { problems }) });
  else show(verification, io);
  return ok ? EXIT.ok : EXIT.failed;
}

/** A store that is there and cannot be opened is not in order: that is an answer, not an error. */
async function verify(options: VerifyOptions, io: Io): Promise<Verification> {
  try {
    return await withStoreToRead(options, io, async (store) => {
      const progress = progressLine(io);
      const verification = await verifyStore(store, { onProgress: progress.show });
      progress.clear();
      return verification;
    });
  } catch (error) {
    if (!(error instanceof HolodeckError) || !CANNOT_OPEN.has(error.code)) throw error;
    return {
      ok: false,
      streams: 0,
      events: 0,
      pruned: 0,
      problems: [{ stream: null, seq: null, what: error.message }],
    };
  }
}

const CANNOT_OPEN: ReadonlySet<string> = new Set(["store_corrupt", "store_newer", "internal"]);

function show({ ok, streams, events, pruned, problems }: Verification, io: Io): void {
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
  note(io, "Restore the store from a backup; `holodeck session show` still reads what is sound.");
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
