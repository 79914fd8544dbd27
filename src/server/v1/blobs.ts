// Blobs of a session: what was too large for its events, and files that were kept. Only what its own events name as
// theirs is given; that a hash stands in somebody's data gives no right to what is behind it.
import { z } from "zod";
import { HolodeckError } from "../../event/error.ts";
import type { Event } from "../../event/event.ts";
import type { JsonObject } from "../../event/json.ts";
import { eventsPruned } from "../../event/pruned.ts";
import type { ArtifactReference, BlobReference, TaskCarried, TaskRecord } from "../../session/events.ts";
import { streamOf } from "../../session/stream.ts";
import type { Store } from "../../store/port.ts";
import { blobList } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { afterSeq, limit, sessionId } from "./fields.ts";
import { happenings } from "./happenings.ts";

type Kind = "result" | "output" | "artifact" | "artifact_list";

interface NamedBlob {
  readonly reference: BlobReference | ArtifactReference;
  readonly kind: Kind;
  readonly taskId: string;
}

const listBlobs = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/blobs",
  group: "What happened",
  summary: "List blobs",
  description:
    "Results and lists that were too large for an event, output, and artifacts (files that were kept). A page has the blobs of `limit` events, may be empty, and still have a next.",
  pathFields: { session_id: sessionId },
  query: { after_seq: afterSeq, limit: limit(100) },
  answer: { what: "A page of blobs.", schema: blobList },
  refusals: ["not_found", "pruned"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/blobs`,
    answer: {
      blobs: [{ hash: EXAMPLE.hash, bytes: 81_233, kind: "result", task_id: "analyze" }],
      next_after_seq: null,
    },
  },
  async act({ store, path, query }) {
    const { events, next } = await happenings(store, path.session_id, query);
    const blobs: JsonObject[] = [];
    for (const { event } of events) {
      for (const { reference, kind, taskId } of await blobsOf(store, event)) {
        const { hash, bytes } = reference;
        const file = kind === "artifact" ? { path: reference["path"] } : {};
        blobs.push({ hash, bytes, kind, task_id: taskId, ...file });
      }
    }
    return { status: 200, body: { blobs, next_after_seq: next } };
  },
});

const getBlob = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/blobs/{hash}",
  group: "What happened",
  summary: "Read a blob's bytes",
  pathFields: {
    session_id: sessionId,
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "Pass the 64 lower-case hex digits of a SHA-256.")
      .describe("Its SHA-256."),
  },
  answer: { what: "The bytes, to be saved and not shown.", type: "application/octet-stream" },
  refusals: ["not_found", "pruned"],
  example: { path: `/v1/sessions/${EXAMPLE.id}/blobs/${EXAMPLE.hash}` },
  async act({ store, path: { session_id, hash } }) {
    if (!(await names(store, session_id, hash))) throw unknownBlob(session_id, hash);
    const bytes = await store.blob({ hash });
    if (bytes === null) {
      const head = await store.head({ stream: streamOf(session_id) });
      if (head?.summary["pruned"] !== undefined) throw eventsPruned(streamOf(session_id), head.seq);
      throw unknownBlob(session_id, hash);
    }
    return new Response(new Uint8Array(bytes), {
      headers: {
        "content-type": "application/octet-stream",
        "content-length": String(bytes.length),
        // A blob holds what an agent wrote: no browser takes it for a page.
        "content-disposition": `attachment; filename="${hash}"`,
      },
    });
  },
});

const PAGE = 1_000;

/** Whether an event of the session names the blob. */
async function names(store: Store, session: string, hash: string): Promise<boolean> {
  for (let after: number | null = 0; after !== null;) {
    const page: Awaited<ReturnType<typeof happenings>> = await happenings(store, session, {
      after_seq: after,
      limit: PAGE,
    });
    for (const { event } of page.events) {
      const blobs = await blobsOf(store, event);
      if (blobs.some(({ reference }) => reference.hash === hash)) return true;
    }
    after = page.next;
  }
  return false;
}

/** The blobs an event names where a task's record has them, and those a list of artifacts among them names. */
async function blobsOf(store: Store, { type, data }: Event): Promise<readonly NamedBlob[]> {
  const record = recordIn(type, data);
  if (record === null) return [];
  const { result_blob, output, artifacts = [], artifacts_blob } = record;
  const taskId = record.task_id;
  const named = (reference: BlobReference | undefined, kind: Kind): readonly NamedBlob[] =>
    reference === undefined ? [] : [{ reference, kind, taskId }];
  const listed = artifacts_blob === undefined ? [] : await listIn(store, artifacts_blob);
  return [
    ...named(result_blob, "result"),
    ...named(output, "output"),
    ...named(artifacts_blob, "artifact_list"),
    ...[...artifacts, ...listed].flatMap((artifact) => named(artifact, "artifact")),
  ];
}

/** A record, and whose it is. */
type RecordOfTask = TaskRecord & { readonly task_id: string };

/** The events whose data is a record, beside what else they tell. */
const RECORDING: ReadonlySet<string> = new Set(["task_ended", "attempt_ended", "record_kept"]);

function recordIn(type: string, data: JsonObject): RecordOfTask | null {
  if (type === "task_carried") {
    const { task_id, end } = data as unknown as TaskCarried;
    return end === undefined ? null : { ...end, task_id };
  }
  return RECORDING.has(type) ? (data as RecordOfTask) : null;
}

async function listIn(store: Store, { hash }: BlobReference): Promise<readonly ArtifactReference[]> {
  const bytes = await store.blob({ hash });
  return bytes === null ? [] : (JSON.parse(Buffer.from(bytes).toString()) as readonly ArtifactReference[]);
}

function unknownBlob(session: string, hash: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `Session ${session} has no blob ${hash}.`,
    todo: "GET its blobs: they list what there is.",
  });
}

export const blobEndpoints: readonly Endpoint[] = [listBlobs, getBlob];
