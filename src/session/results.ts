// Results of tasks, and lists of artifacts: small ones stand in the event, large ones are blobs, durable before the event that names them.
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson, type Json } from "../event/json.ts";
import type { Store } from "../store/port.ts";
import type { ArtifactReference, BlobReference, TaskRecord } from "./events.ts";

/** A result up to this many bytes of JSON stands in the event; a tenth of it is shown of a larger one. */
const RESULT_BYTES_MAX = 32 * 1024;

export interface StoredResult {
  readonly result?: Json | undefined;
  readonly record: TaskRecord;
}

/**
 * What an event says of a result: the result itself, or what `keep` makes of one that is too large. Throws
 * `invalid_event` when it is not plain JSON.
 */
export function placeResult(
  result: Json | undefined,
  keep: (result: Json) => Promise<StoredResult>,
): StoredResult | Promise<StoredResult> {
  if (result === undefined) return { record: {} };
  assertPlainJson(result, "result");
  return isLarge(JSON.stringify(result)) ? keep(result) : { result, record: {} };
}

function isLarge(text: string): boolean {
  // A character takes at most three bytes: most results need not be encoded to be found small. Runs in browsers too.
  return text.length * 3 > RESULT_BYTES_MAX && new TextEncoder().encode(text).length > RESULT_BYTES_MAX;
}

/** Keeps a result as a blob. */
export async function storeResult(store: Store, result: Json, now: number): Promise<StoredResult> {
  const bytes = Buffer.from(JSON.stringify(result));
  const hash = await store.putBlob({ bytes, now });
  const preview = bytes.subarray(0, 1_024).toString().toWellFormed();
  return { record: { result_blob: { hash, bytes: bytes.length, preview } } };
}

/** The result a task was completed with. Throws `pruned` or `not_found` when its blob is gone. */
export async function loadResult(
  store: Pick<Store, "blob">,
  result: Json | undefined,
  record: TaskRecord,
  isPruned: () => Promise<boolean>,
): Promise<Json | undefined> {
  return record.result_blob === undefined
    ? result
    : await loadJson(store, record.result_blob, { name: "result", isPruned });
}

/** What was kept of a task's files, in the event or beside it. Throws `pruned` or `not_found` when the list's blob is gone. */
export async function loadArtifacts(
  store: Pick<Store, "blob">,
  { artifacts = [], artifacts_blob }: TaskRecord,
  isPruned: () => Promise<boolean>,
): Promise<readonly ArtifactReference[]> {
  if (artifacts_blob === undefined) return artifacts;
  const list = await loadJson(store, artifacts_blob, { name: "list of artifacts", isPruned });
  return list as readonly ArtifactReference[];
}

async function loadJson(
  store: Pick<Store, "blob">,
  { hash }: BlobReference,
  { name, isPruned }: { readonly name: string; readonly isPruned: () => Promise<boolean> },
): Promise<Json> {
  const bytes = await store.blob({ hash });
  if (bytes === null && (await isPruned())) {
    throw new HolodeckError("pruned", {
      what: `The blob ${hash} of the ${name} has been pruned.`,
      todo: "It is in backups alone; `retain` says how long blobs are kept.",
    });
  }
  if (bytes === null) {
    throw new HolodeckError("not_found", {
      what: `The blob ${hash} of the ${name} is not in the store.`,
      todo: "Run `holodeck verify`; restore the store from a backup if it should be there.",
    });
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as Json;
}
