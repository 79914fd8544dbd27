// Holds a store against what was announced and promised. Lost: promised and not there. Doubled: there twice, or never
// announced. Torn: there in part, or at odds with itself.
import type { StoredEvent } from "../../src/event/log.ts";
import type { StreamId } from "../../src/event/event.ts";
import { streamKind } from "../../src/event/event.ts";
import type { Json } from "../../src/event/json.ts";
import type { Store } from "../../src/store/port.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { breachesOf } from "./laws.ts";
import type { Ledger, Try } from "./ledger.ts";

/** A sentence for each thing found. */
export interface Findings {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly torn: readonly string[];
}

export interface AuditOptions {
  readonly store: Store;
  readonly ledger: Ledger;
  /** Whether all that follows from what is there has been done: then what has no effect has lost it. */
  readonly settled?: boolean;
}

export async function audit({ store, ledger, settled = false }: AuditOptions): Promise<Findings> {
  const auditor = new Auditor(store, ledger);
  await auditor.run(settled);
  return auditor;
}

class Auditor implements Findings {
  readonly lost: string[] = [];
  readonly doubled: string[] = [];
  readonly torn: string[] = [];
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #streams = new Map<string, readonly StoredEvent[]>();
  /** How often each operation's name stands in events. */
  readonly #operations = new Map<string, number>();
  /** How often an event of a type stands for a task in a stream. */
  readonly #kinds = new Map<string, number>();

  constructor(store: Store, ledger: Ledger) {
    this.#store = store;
    this.#ledger = ledger;
  }

  async run(settled: boolean): Promise<void> {
    for (const { stream, seq, what } of (await verifyStore(this.#store)).problems) {
      this.torn.push(`${stream ?? "store"} ${seq ?? ""}: ${what}`);
    }
    await this.#readAll();
    await this.#checkTries();
    this.#checkAcknowledged();
    await this.#checkBlobs();
    for (const [operation, times] of this.#operations) {
      if (times > 1) this.doubled.push(`${operation} happened ${times} times`);
    }
    if (settled) this.#checkEffects();
  }

  async #readAll(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.#store.streams({
        page: { limit: 1_000, ...(after !== undefined && { after }) },
      });
      for (const stream of page.items) this.#take(stream, await this.#readStream(stream));
      if (page.next === null) return;
      after = page.next;
    }
  }

  async #readStream(stream: StreamId): Promise<readonly StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (;;) {
      const page = await this.#store.read({ stream, afterSeq: events.length });
      if (page.length === 0) return events;
      events.push(...page);
    }
  }

  #take(stream: StreamId, events: readonly StoredEvent[]): void {
    this.#streams.set(stream, events);
    if (streamKind(stream) === "session") {
      const { doubled, torn } = breachesOf(events.map(({ event }) => event));
      this.doubled.push(...doubled);
      this.torn.push(...torn);
    }
    for (const { event } of events) {
      const { type, data } = event;
      const kind = kindOf(stream, type, data["task_id"] ?? null);
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
      const operation = operationOf(event.data);
      if (operation !== null) this.#operations.set(operation, (this.#operations.get(operation) ?? 0) + 1);
    }
  }

  async #checkTries(): Promise<void> {
    const announced = new Set<string>();
    for (const one of this.#ledger.tries) {
      for (const hash of one.hashes) announced.add(hash);
      await this.#checkTry(one);
    }
    for (const { event, hash } of [...this.#streams.values()].flat()) {
      if (!announced.has(hash)) this.doubled.push(`${event.stream} ${event.seq}: nobody announced it`);
    }
  }

  async #checkTry({ id, stream, afterSeq, hashes, keys }: Try): Promise<void> {
    const events = this.#streams.get(stream) ?? [];
    const there = hashes.filter((hash, index) => events[afterSeq + index]?.hash === hash).length;
    const where = `${stream} ${afterSeq + 1}`;
    if (there === hashes.length) {
      for (const [key, seq] of keys) {
        const stored = await this.#store.key({ stream: stream as StreamId, key });
        if (stored !== seq) this.torn.push(`${where}: key ${key} stands at ${stored}`);
      }
    } else if (this.#ledger.appended.has(id)) {
      this.lost.push(`${where}: ${hashes.length - there} of ${hashes.length} events`);
    } else if (there > 0) {
      this.torn.push(`${where}: ${there} of ${hashes.length} events are there`);
    } else {
      for (const [key] of keys) await this.#checkKeyAlone(stream as StreamId, key, where);
    }
  }

  /** A key without its own events belongs to another append of the same operation, or to nothing. */
  async #checkKeyAlone(stream: StreamId, key: string, where: string): Promise<void> {
    const seq = await this.#store.key({ stream, key });
    if (seq !== null && this.#streams.get(stream)?.[seq - 1] === undefined) {
      this.torn.push(`${where}: key ${key} leads to ${seq}, where nothing is`);
    }
  }

  #checkAcknowledged(): void {
    for (const { stream, type, task, op } of this.#ledger.acknowledged) {
      const isThere = op === null ? this.#kinds.has(kindOf(stream, type, task)) : this.#operations.has(op);
      if (!isThere) this.lost.push(`${stream}: ${type} of ${task ?? "the session"} was acknowledged`);
    }
  }

  async #checkBlobs(): Promise<void> {
    for (const hash of this.#ledger.blobs) {
      if ((await this.#store.blob({ hash })) === null) this.lost.push(`blob ${hash}`);
    }
    for (const { event } of [...this.#streams.values()].flat()) {
      const reference = event.data["result_blob"] as { readonly hash: string } | undefined;
      if (reference === undefined || (await this.#store.blob({ hash: reference.hash })) !== null) continue;
      this.torn.push(`${event.stream} ${event.seq}: its result is not there`);
    }
  }

  #checkEffects(): void {
    for (const { event, hash } of [...this.#streams.values()].flat()) {
      if (event.type !== "task_ended" || this.#operations.has(hash)) continue;
      this.lost.push(`${event.stream} ${event.seq}: what follows from it was never done`);
    }
  }
}

function kindOf(stream: string, type: string, task: Json): string {
  return JSON.stringify([stream, type, task]);
}

/** The operation that an event carries out: as the work named it, or the event that a note is about. */
function operationOf(data: StoredEvent["event"]["data"]): string | null {
  const { result } = data;
  const inResult = typeof result === "object" && result !== null && "op" in result ? result.op : null;
  for (const name of [data["of"], data["data"], data["error"], inResult]) {
    if (typeof name === "string" && /^sess_\w+\/t\d+\/|^[0-9a-f]{64}$/.test(name)) return name;
  }
  return null;
}
