// One prepared statement with a typed row. The only place where SQLite's untyped rows get their types.
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Statements that change something use `run`; rows come as tuples. */
export class Query<Row extends readonly unknown[] = readonly []> {
  readonly #statement: StatementSync;

  constructor(database: DatabaseSync, sql: string) {
    this.#statement = database.prepare(sql);
    this.#statement.setReturnArrays(true);
  }

  all(...values: SQLInputValue[]): Row[] {
    return this.#statement.all(...values) as unknown as Row[];
  }

  get(...values: SQLInputValue[]): Row | undefined {
    return this.#statement.get(...values) as unknown as Row | undefined;
  }

  /** Rows one by one; nothing is read beyond where the caller stops. */
  iterate(...values: SQLInputValue[]): IterableIterator<Row> {
    return this.#statement.iterate(...values) as unknown as IterableIterator<Row>;
  }

  /** The rowid of the row it inserted. */
  insert(...values: SQLInputValue[]): number {
    return Number(this.#statement.run(...values).lastInsertRowid);
  }

  /** How many rows it changed. */
  run(...values: SQLInputValue[]): number {
    return Number(this.#statement.run(...values).changes);
  }
}

export const EVENT_COLUMNS = "events.position, events.hash, events.bytes";
