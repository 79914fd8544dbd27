// Tells listeners that something was appended: at once for this store's own appends, by asking SQLite whether
// the file has changed for those of other processes. Asks only while someone listens.
import type { DatabaseSync } from "node:sqlite";
import type { Appended } from "../event/log.ts";
import { Query } from "./sqlite-query.ts";

const POLL_MS = 50;

export class Watchers {
  readonly #listeners = new Set<(appended: Appended) => void>();
  readonly #version: Query<readonly [number]>;
  #seenVersion = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(database: DatabaseSync) {
    this.#version = new Query(database, "PRAGMA data_version");
  }

  add(listener: (appended: Appended) => void): () => void {
    // A function of its own, so that one listener added twice counts twice and is called no more once stopped.
    const call = (appended: Appended) => {
      if (this.#listeners.has(call)) listener(appended);
    };
    this.#listeners.add(call);
    if (this.#timer === null) this.#start();
    return () => {
      this.#listeners.delete(call);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  /** In microtasks: a listener that throws harms neither the store nor its neighbours. */
  notify(appended: Appended): void {
    for (const listener of this.#listeners) queueMicrotask(() => listener(appended));
  }

  stop(): void {
    this.#listeners.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #start(): void {
    this.#seenVersion = this.#readVersion();
    this.#timer = setInterval(() => this.#poll(), POLL_MS).unref();
  }

  #poll(): void {
    const version = this.#readVersion();
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    // SQLite's version of the data changes for what other connections commit alone.
    this.notify({ own: false });
  }

  #readVersion(): number {
    return this.#version.get()?.[0] ?? 0;
  }
}
