// Opening a SQLite store's file. A file comes into being whole: made under another name, then linked to its own,
// so no process ever sees half of one. A file that is not ours, newer or damaged is refused before anything
// could change it: its header is read as bytes, its tables through a connection that cannot write.
import { randomUUID } from "node:crypto";
import { access, constants, link, mkdir, open, unlink, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { HolodeckError } from "../event/error.ts";
import { isOutOfReach, storeError } from "./sqlite-error.ts";
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION, schemaFrom, tablesAt } from "./sqlite-schema.ts";

/** How long a statement waits, blocking, for a lock. The writer waits longer without blocking. */
const LOCK_WAIT_MS = 100;

/** How long bringing a store to this version waits for another process that writes. */
const BRING_UP_WAIT_MS = 10_000;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

export interface OpenOptions {
  /** To read: a file that is there and cannot be written will do, and nothing is written beside it. Default false. */
  readonly toRead?: boolean;
}

/** The store's one connection. Creates the file and its folders (for this user alone) when missing. */
export async function openDatabase(
  path: string,
  { toRead = false }: OpenOptions = {},
): Promise<DatabaseSync> {
  try {
    if (toRead && (await isUnwritable(path))) return await openUnwritable(path);
    if (!(await exists(path))) await create(path);
    // Opened for writing, though nothing is: a file that cannot be written is found now, not at the first append.
    await refuseByHeader(path, "r+");
    // Whoever closes a file last moves its log into it: with a log there, look without being able to.
    if (await exists(`${path}-wal`)) connect(path, { readOnly: true }).close();
    return connect(path, { readOnly: false });
  } catch (cause) {
    throw storeError(path, cause);
  }
}

/** Whether the file, or a log beside it, could not be written. */
async function isUnwritable(path: string): Promise<boolean> {
  for (const place of [path, dirname(resolve(path))]) {
    const code = await access(place, constants.W_OK).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (["EACCES", "EPERM", "EROFS"].some((one) => hasCode(code, one))) return true;
  }
  return false;
}

/**
 * Beside a file that was closed in order lies no log, and SQLite need not look for one, nor make what several readers
 * share. With a log there it reads both, where whoever wrote last left what that takes.
 */
async function openUnwritable(path: string): Promise<DatabaseSync> {
  const hasLog = await exists(`${path}-wal`);
  await refuseByHeader(path, "r");
  const file = pathToFileURL(resolve(path));
  if (!hasLog) file.searchParams.set("immutable", "1");
  try {
    const database = connect(path, { readOnly: true, file });
    if (versionOf(database) === SCHEMA_VERSION) return database;
    database.close();
  } catch (cause) {
    if (hasLog && isOutOfReach(cause))
      throw unreadable(path, `has a write-ahead log, ${path}-wal, that is to be folded into it first`);
    throw cause;
  }
  throw unreadable(path, "was written by an older version, and is to be brought to this one first");
}

/**
 * The log is folded into the file after so many pages, 16 MB. Four times SQLite's own number: heads and indexes are
 * written again and again, and only their last state is folded.
 */
const CHECKPOINT_PAGES = 4_000;

interface Connecting {
  readonly readOnly: boolean;
  /** Default the path. */
  readonly file?: URL;
}

function connect(path: string, { readOnly, file }: Connecting): DatabaseSync {
  const database = new DatabaseSync(file ?? path, { readOnly, timeout: LOCK_WAIT_MS });
  try {
    refuseByTables(database, path);
    // Said and not left to the build: some builds report FULL and sync seldom. On macOS fsync alone does not
    // reach the platter.
    database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (!readOnly && versionOf(database) < SCHEMA_VERSION) bringUp(database);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** In one transaction, so that nobody sees half of it; whoever comes second finds it done. */
function bringUp(database: DatabaseSync): void {
  database.exec(`PRAGMA busy_timeout = ${BRING_UP_WAIT_MS}; BEGIN IMMEDIATE`);
  const version = versionOf(database);
  if (version < SCHEMA_VERSION) database.exec(schemaFrom(version));
  database.exec(`COMMIT; PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
}

async function create(path: string): Promise<void> {
  if (await exists(`${path}-wal`)) {
    throw corrupt(path, "is missing, while its write-ahead log is there");
  }
  const folder = dirname(resolve(path));
  const changed = [...(await makeFolder(folder)), folder];
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, "", { mode: 0o600, flag: "wx" });
  try {
    fill(draft);
    await link(draft, path).catch((cause: unknown) => {
      // Another process made it in the meantime: whole, like ours.
      if (!hasCode(cause, "EEXIST")) throw cause;
    });
  } finally {
    await unlink(draft);
  }
  // The names of the file and of the folders made for it are durable only when the folders they stand in are.
  for (const place of changed) await syncFolder(place);
}

function fill(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON");
    const mode = database.prepare("PRAGMA journal_mode = WAL").get();
    if (mode?.["journal_mode"] !== "wal") {
      throw new HolodeckError("unsupported", {
        what: `The file system of ${path} does not allow a write-ahead log.`,
        todo: "Keep the store on a local disk.",
      });
    }
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
  } finally {
    database.close();
  }
}

/**
 * Makes a folder and those above it, and gives those it made one in. Not by `mkdir`'s own recursion, which never
 * ends where the file system refuses with ENOENT, as /proc does.
 */
async function makeFolder(folder: string): Promise<readonly string[]> {
  if (await exists(folder)) return [];
  const parent = dirname(folder);
  const changed = await makeFolder(parent);
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    if (!hasCode(cause, "EEXIST")) throw cause;
  });
  return [...changed, parent];
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

/** Offsets from https://sqlite.org/fileformat2.html §1.3. */
async function refuseByHeader(path: string, flags: "r" | "r+"): Promise<void> {
  const { size, header } = await readHeader(path, flags);
  if (size < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw corrupt(path, size === 0 ? "is empty" : "is not a SQLite database");
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw corrupt(path, "is a SQLite database of another program");
  }
  refuseVersion(path, header.readUInt32BE(60));
  const rawPageSize = header.readUInt16BE(16);
  const pageSize = rawPageSize === 1 ? 65_536 : rawPageSize;
  const isCounted = header.readUInt32BE(24) === header.readUInt32BE(92);
  if (isCounted && size < pageSize * header.readUInt32BE(28) && !(await exists(`${path}-wal`))) {
    throw corrupt(path, "has been cut off");
  }
}

async function readHeader(path: string, flags: "r" | "r+") {
  await using handle = await open(path, flags);
  const header = Buffer.alloc(HEADER_BYTES);
  await handle.read(header, 0, HEADER_BYTES, 0);
  return { size: (await handle.stat()).size, header };
}

/** What the header alone does not show: a version still in the write-ahead log, a schema or a root page lost. */
function refuseByTables(database: DatabaseSync, path: string): void {
  try {
    const version = versionOf(database);
    refuseVersion(path, version);
    for (const table of tablesAt(version)) database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
  } catch (cause) {
    if (cause instanceof Error && /no such table|malformed/.test(cause.message)) {
      throw corrupt(path, `is damaged or lacks a table (${cause.message})`);
    }
    throw cause;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function refuseVersion(path: string, version: number): void {
  if (version >= 1 && version <= SCHEMA_VERSION) return;
  if (version < 1) throw corrupt(path, `has the unknown version ${version}`);
  throw new HolodeckError("store_newer", {
    what: `The store ${path} has version ${version}; this program knows versions up to ${SCHEMA_VERSION}.`,
    todo: "Use the newer Holodeck that wrote it. The file has not been changed.",
  });
}

function corrupt(path: string, how: string): HolodeckError {
  return new HolodeckError("store_corrupt", {
    what: `The store ${path} ${how}.`,
    todo: "Restore it from a backup, or name another path. The file has not been changed.",
  });
}

function unreadable(path: string, why: string): HolodeckError {
  return new HolodeckError("read_only", {
    what: `The store ${path} ${why}, and it cannot be written where it is.`,
    todo: "Copy it, with all that begins with its name, to a folder you may write, and name the copy with --store.",
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (cause: unknown) => {
      if (hasCode(cause, "ENOENT")) return false;
      throw cause;
    },
  );
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
