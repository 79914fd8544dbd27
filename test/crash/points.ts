// Named points between two lines at which a process ends itself by SIGKILL. They are reached by wrapping the store's
// port and SQLite's own statements in the process that is to die: the product knows nothing of them.
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Store } from "../../src/store/port.ts";
import { aroundStore } from "./around-store.ts";
import type { Tell } from "./protocol.ts";

/** On every store. `place` is a reactor's, `acknowledge` what a caller is told. */
export const POINTS: readonly string[] = [
  "append:before",
  "append:after",
  "blob:after",
  "place:before",
  "place:after",
  "acknowledge:before",
  "acknowledge:after",
];

/** Those of a store that is being made. */
export const SQLITE_CREATE_POINTS: readonly string[] = ["sqlite:create:before", "sqlite:create:after"];

export const SQLITE_POINTS: readonly string[] = [
  "sqlite:begin:after",
  "sqlite:event:after",
  "sqlite:head:before",
  "sqlite:commit:before",
  "sqlite:commit:after",
];

/** Where to die, and at which of the times it is reached. */
export interface Point {
  readonly name: string;
  readonly time: number;
}

/** Called at each point: ends the process at the one that was asked for. */
export type Pass = (name: string) => void;

export function passing(point: Point | null, tell: Tell): Pass {
  let times = 0;
  return (name) => {
    if (name !== point?.name || ++times < point.time) return;
    tell({ kind: "point", name });
    process.kill(process.pid, "SIGKILL");
  };
}

/** The points that every store has. */
export function mortal(store: Store, pass: Pass): Store {
  return aroundStore(store, {
    append: async (items) => {
      pass("append:before");
      const results = await store.append(items);
      pass("append:after");
      return results;
    },
    putBlob: async (params) => {
      const hash = await store.putBlob(params);
      pass("blob:after");
      return hash;
    },
    savePlace: async (params) => {
      pass("place:before");
      await store.savePlace(params);
      pass("place:after");
    },
  });
}

/** The points inside the SQLite store, by the statements it runs. Only for a process that is to die. */
export function wrapSqlite(pass: Pass): void {
  // oxlint-disable-next-line typescript/unbound-method -- each is called on its own database below
  const { prepare, exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql, options) {
    const statement = prepare.call(this, sql, options);
    const name = nameOf(sql);
    if (name !== null) wrapRun(statement, name, pass);
    return statement;
  };
  DatabaseSync.prototype.exec = function (sql) {
    const isCreation = sql.includes("CREATE TABLE");
    if (isCreation) pass("sqlite:create:before");
    exec.call(this, sql);
    if (isCreation) pass("sqlite:create:after");
  };
}

function wrapRun(statement: StatementSync, name: string, pass: Pass): void {
  const run = statement.run.bind(statement);
  const value = (...values: SQLInputValue[]): unknown => {
    pass(`sqlite:${name}:before`);
    const result = run(...values);
    pass(`sqlite:${name}:after`);
    return result;
  };
  Object.defineProperty(statement, "run", { value });
}

function nameOf(sql: string): string | null {
  if (sql === "COMMIT") return "commit";
  if (sql.startsWith("BEGIN")) return "begin";
  if (sql.startsWith("INSERT INTO events ")) return "event";
  return /^(INSERT INTO|UPDATE) heads /.test(sql) ? "head" : null;
}
