// Other settings for SQLite than the store's own, in a process of a test alone.
import { DatabaseSync } from "node:sqlite";

export interface SqliteSettings {
  /** Less than FULL is the fault that a record of syncs must show. */
  readonly synchronous: "FULL" | "NORMAL" | "OFF";
  /** Fewer pages than usual, so that a short run moves its log into the file many times. */
  readonly checkpointPages: number;
}

export function changeSettings({ synchronous, checkpointPages }: SqliteSettings): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called on its own database below
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    const setting = "PRAGMA synchronous = FULL";
    if (!sql.startsWith(setting)) {
      exec.call(this, sql);
      return;
    }
    exec.call(this, sql.replace(setting, `PRAGMA synchronous = ${synchronous}`));
    exec.call(this, `PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  };
}
