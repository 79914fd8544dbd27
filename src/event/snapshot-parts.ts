// A large state's snapshot lies in blobs, its parts, and names them: so it is whole or not there, whoever dies while it
// is written. A part is lines of JSON; the first says whose it is, which keeps parts of two streams from being one blob.
import type { SnapshotParts } from "./decider.ts";
import type { Hash, StreamId } from "./event.ts";
import type { Json } from "./json.ts";
import type { EventLog, Snapshot } from "./log.ts";

/** What the snapshot itself holds. */
type Manifest = { readonly parts: readonly Hash[] };

/** The bytes of one part; each text is an array of rows as JSON. */
export function encodePart(
  stream: StreamId,
  seq: number,
  part: number,
  texts: readonly string[],
): Uint8Array {
  return new TextEncoder().encode([JSON.stringify({ stream, seq, part }), ...texts].join("\n"));
}

/** Makes a snapshot of parts that are durable the stream's newest, and lets go of the one before. */
export async function saveParts(
  log: EventLog,
  stream: StreamId,
  snapshot: Omit<Snapshot, "state">,
  parts: readonly Hash[],
): Promise<void> {
  const before = await log.snapshot({ stream });
  await log.saveSnapshot({ stream, snapshot: { ...snapshot, state: { parts } } });
  const kept = new Set(parts);
  for (const hash of partsOf(before)) if (!kept.has(hash)) await log.deleteBlob({ hash });
}

/** The blobs a snapshot consists of. */
export function partsOf(snapshot: Snapshot | null): readonly Hash[] {
  return isManifest(snapshot?.state) ? snapshot.state.parts : [];
}

/** The state a snapshot's parts hold; null when one of them is gone. */
export async function loadParts<State>(
  log: Pick<EventLog, "blob">,
  form: SnapshotParts<State>,
  snapshot: Snapshot,
): Promise<State | null> {
  const loader = form.loader();
  for (const hash of partsOf(snapshot)) {
    const bytes = await log.blob({ hash });
    if (bytes === null) return null;
    const [, ...texts] = new TextDecoder().decode(bytes).split("\n");
    for (const text of texts) loader.add(JSON.parse(text) as readonly Json[]);
  }
  return loader.done();
}

function isManifest(state: Json | undefined): state is Manifest {
  return typeof state === "object" && state !== null && "parts" in state && Array.isArray(state["parts"]);
}
