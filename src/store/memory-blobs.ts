// The blobs of the store in memory.
import { hash as digest } from "node:crypto";
import type { Hash } from "../event/event.ts";
import { checkBlob, checkHash, checkTime } from "./input.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type { Page, PageRequest, StoredBlob } from "./port.ts";

interface Blob {
  readonly bytes: Uint8Array;
  readonly putAt: number;
}

export class MemoryBlobs {
  readonly #blobs = new Map<Hash, Blob>();

  put({ bytes, now = Date.now() }: { readonly bytes: Uint8Array; readonly now?: number }): Hash {
    const copy = new Uint8Array(checkBlob(bytes));
    const hash = digest("sha256", copy, "hex");
    const putAt = Math.max(checkTime("now", now), this.#blobs.get(hash)?.putAt ?? now);
    this.#blobs.set(hash, { bytes: copy, putAt });
    return hash;
  }

  get(hash: Hash): Uint8Array | null {
    const blob = this.#blobs.get(checkHash(hash));
    return blob === undefined ? null : new Uint8Array(blob.bytes);
  }

  list(page: PageRequest | undefined): Page<StoredBlob> {
    const limit = pageLimit(page);
    const after = pageCursor(page, [""] as [string])?.[0] ?? "";
    const rows = [...this.#blobs]
      .map(([hash, { bytes, putAt }]) => ({ hash, bytes: bytes.length, putAt }))
      .filter(({ hash }) => hash > after)
      .sort((a, b) => (a.hash < b.hash ? -1 : 1));
    return cutPage(rows, limit, ({ hash }) => [hash]);
  }

  delete(hash: Hash, putBefore: number | undefined): boolean {
    const blob = this.#blobs.get(checkHash(hash));
    const before = checkTime("putBefore", putBefore ?? Number.MAX_SAFE_INTEGER);
    return blob !== undefined && blob.putAt < before && this.#blobs.delete(hash);
  }
}
