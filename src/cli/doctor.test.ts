import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command } from "./doctor.ts";
import type { Output } from "./io.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Text extends EventEmitter implements Output {
  text = "";

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

test("the doctor tells a fault once, and of what it hides that it was not looked at", async () => {
  const store = join(folder, "no-store.db");
  writeFileSync(store, "not a database, and long enough to be looked at. ".repeat(50));
  const out = new Text();
  expect(await command([], { store }, { out, err: new Text(), env: {} })).toBe(1);
  expect(out.text.match(/is not a SQLite database/g)).toHaveLength(1);
  expect(out.text.match(/Not looked at: see store\./g)).toHaveLength(3);
  expect(out.text.match(/Restore it from a backup/g)).toHaveLength(1);
});
