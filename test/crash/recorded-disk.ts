// A folder as its system calls make it, with what is durable told from what is not: what was written and not synced
// may be there after a power cut, in part or not at all, in any order. Names are durable when the folder is synced,
// in their order.
import { basename, dirname } from "node:path";
import { linesOf, type Line } from "./protocol.ts";
import { below, type Random } from "./random.ts";
import { bytesIn, pathOfDescriptor, type SystemCall } from "./system-calls.ts";

/** What a disk writes whole. */
const SECTOR_BYTES = 512;

/** How much of what was not synced is kept. */
export type Keeping = "none" | "all" | "some" | "torn";

/** What is in the folder after a power cut. */
export type Image = ReadonlyMap<string, Buffer>;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly length: number };

class Inode {
  durable: Buffer = Buffer.alloc(0);
  pending: Change[] = [];

  sync(): void {
    this.durable = this.pending.reduce(changed, this.durable);
    this.pending = [];
  }
}

interface Naming {
  readonly name: string;
  /** Null takes the name away. */
  readonly inode: Inode | null;
}

export class RecordedDisk {
  readonly #folder: string;
  readonly #report: string;
  /** As the running process sees it. */
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #pendingNames: Naming[] = [];

  /** `report` is the file the process writes its lines to. */
  constructor(folder: string, report: string) {
    this.#folder = folder;
    this.#report = report;
  }

  /** What a call will do: a cut goes before a sync, when most can be lost. */
  isSync({ name, args }: SystemCall): boolean {
    const path = pathOfDescriptor(args[0] ?? "");
    return (
      /^f(data)?sync$/.test(name) && path !== null && (path === this.#folder || this.#inode(path) !== null)
    );
  }

  /** Carries a call out; answers the lines when it was a report. */
  take({
    name,
    args: [first = "", second = "", third = "", fourth = ""],
    result,
  }: SystemCall): readonly Line[] {
    const path = pathOfDescriptor(first);
    const inode = path === null ? null : this.#inode(path);
    switch (name) {
      case "write":
        return path === this.#report ? linesOf(bytesIn(second).toString()) : this.#refuse(path, name);
      case "pwrite64":
        inode?.pending.push({ kind: "write", offset: Number(fourth), bytes: bytesIn(second) });
        return [];
      case "ftruncate":
        inode?.pending.push({ kind: "truncate", length: Number(second) });
        return [];
      case "fsync":
      case "fdatasync":
        if (path === this.#folder) this.#syncNames();
        else inode?.sync();
        return [];
      case "openat":
        this.#open(pathOfDescriptor(result), third);
        return [];
      case "link":
        this.#name(bytesIn(second).toString(), this.#inode(bytesIn(first).toString()));
        return [];
      case "unlink":
        this.#name(bytesIn(first).toString(), null);
        return [];
      default:
        return this.#refuse(path, name);
    }
  }

  image(keeping: Keeping, random: Random): Image {
    const names = new Map(this.#durableNames);
    const { length } = this.#pendingNames;
    const kept = keeping === "none" ? 0 : keeping === "all" ? length : below(random, length + 1);
    for (const naming of this.#pendingNames.slice(0, kept)) give(names, naming);
    return new Map([...names].map(([name, inode]) => [name, contentOf(inode, keeping, random)]));
  }

  #inode(path: string): Inode | null {
    return dirname(path) === this.#folder ? (this.#names.get(basename(path)) ?? null) : null;
  }

  #open(path: string | null, flags: string): void {
    if (path === null || dirname(path) !== this.#folder) return;
    const inode = this.#inode(path);
    if (inode === null && flags.includes("O_CREAT")) this.#name(path, new Inode());
    else if (flags.includes("O_TRUNC")) inode?.pending.push({ kind: "truncate", length: 0 });
  }

  #name(path: string, inode: Inode | null): void {
    // The index beside the log is made anew from the log.
    if (dirname(path) !== this.#folder || path.endsWith("-shm")) return;
    const naming = { name: basename(path), inode };
    give(this.#names, naming);
    this.#pendingNames.push(naming);
  }

  #syncNames(): void {
    for (const naming of this.#pendingNames) give(this.#durableNames, naming);
    this.#pendingNames = [];
  }

  /** A call the model does not know must not change the folder unseen. */
  #refuse(path: string | null, name: string): readonly Line[] {
    if (path !== null && this.#inode(path) !== null) throw new Error(`${name} of ${path} is not modelled.`);
    return [];
  }
}

function give(names: Map<string, Inode>, { name, inode }: Naming): void {
  if (inode === null) names.delete(name);
  else names.set(name, inode);
}

function contentOf({ durable, pending }: Inode, keeping: Keeping, random: Random): Buffer {
  if (keeping === "none") return durable;
  if (keeping === "all") return pending.reduce(changed, durable);
  const share = random();
  let content = durable;
  for (const change of pending) {
    if (random() >= share) continue;
    if (keeping === "torn" && change.kind === "write") content = tear(content, change, random);
    else content = changed(content, change);
  }
  return content;
}

/** Some sectors of a write. */
function tear(
  content: Buffer,
  { offset, bytes }: Extract<Change, { kind: "write" }>,
  random: Random,
): Buffer {
  let torn = content;
  for (let from = 0; from < bytes.length;) {
    const length = Math.min(SECTOR_BYTES - ((offset + from) % SECTOR_BYTES), bytes.length - from);
    const part = bytes.subarray(from, from + length);
    if (random() < 0.5) torn = changed(torn, { kind: "write", offset: offset + from, bytes: part });
    from += length;
  }
  return torn;
}

function changed(content: Buffer, change: Change): Buffer {
  const end =
    change.kind === "truncate"
      ? change.length
      : Math.max(content.length, change.offset + change.bytes.length);
  const result = Buffer.alloc(end);
  content.copy(result, 0, 0, end);
  if (change.kind === "write") change.bytes.copy(result, change.offset);
  return result;
}
