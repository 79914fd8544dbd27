// Power cuts: a run is recorded with all it wrote and synced, the disk rebuilt as it may be found when the power goes
// at a sync or after a promise, and each such image held against what had been promised by then.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/open.ts";
import { audit, type Findings } from "./audit.ts";
import { Ledger } from "./ledger.ts";
import { oneOf, randomFrom, type Random } from "./random.ts";
import { RecordedDisk, type Image, type Keeping } from "./recorded-disk.ts";
import type { SqliteSettings } from "./sqlite-settings.ts";
import { systemCalls, type SystemCall } from "./system-calls.ts";
import type { Orders } from "./victim.ts";

export interface ImagesOptions {
  readonly images: number;
  readonly seed: number;
  /** When the store syncs; default as it should. */
  readonly synchronous?: SqliteSettings["synchronous"];
}

export interface ImagesReport extends Findings {
  readonly images: number;
  /** What had been promised before the cuts, summed over the images. */
  readonly acknowledged: number;
  /** Places in the run where the power could go: its syncs and promises. */
  readonly cuts: number;
}

/** How many promises the recorded run makes before it is killed. */
const PROMISES = 150;
const CHECKPOINT_PAGES = 60;
const KEEPINGS: readonly Keeping[] = ["none", "all", "some", "torn"];
const CALLS =
  "write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,sync_file_range,openat,link,linkat,unlink,unlinkat,rename,renameat,renameat2";

export async function checkImages({
  images,
  seed,
  synchronous = "FULL",
}: ImagesOptions): Promise<ImagesReport> {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-images-"));
  try {
    const recorded = await record(folder, { synchronous, checkpointPages: CHECKPOINT_PAGES });
    return await new Cutter(recorded, folder, randomFrom(seed)).run(images);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Recorded {
  readonly calls: readonly SystemCall[];
  readonly newDisk: () => RecordedDisk;
}

async function record(folder: string, sqlite: SqliteSettings): Promise<Recorded> {
  const [store, report, trace] = [join(folder, "store"), join(folder, "report"), join(folder, "trace")];
  await mkdir(store);
  const point = { name: "acknowledge:after", time: PROMISES };
  const orders: Orders = { address: join(store, "holodeck.db"), point, fault: null, sqlite, report };
  const program = [process.execPath, join(import.meta.dirname, "victim.ts"), JSON.stringify(orders)];
  const args = ["-f", "-y", "-xx", "-s", "200000", "-e", `trace=${CALLS}`, "-o", trace, ...program];
  const { stderr } = spawnSync("strace", args, { encoding: "utf8" });
  const calls = [...systemCalls(await readFile(trace, "latin1"))];
  if (calls.length === 0) throw new Error(`Nothing was recorded: ${stderr}`);
  return { calls, newDisk: () => new RecordedDisk(store, report) };
}

class Cutter implements Findings {
  readonly lost: string[] = [];
  readonly doubled: string[] = [];
  readonly torn: string[] = [];
  readonly #recorded: Recorded;
  readonly #folder: string;
  readonly #random: Random;
  #images = 0;
  #acknowledged = 0;

  constructor(recorded: Recorded, folder: string, random: Random) {
    this.#recorded = recorded;
    this.#folder = folder;
    this.#random = random;
  }

  /** Goes through the run again and again, each time with cuts of its own, until there are enough images. */
  async run(images: number): Promise<ImagesReport> {
    const cuts = this.#cuts();
    while (this.#images < images) {
      const share = (images - this.#images) / cuts.size;
      const chosen = new Set([...cuts].filter(() => this.#random() < share));
      await this.#runThrough(chosen, images);
    }
    const { lost, doubled, torn } = this;
    return { images: this.#images, acknowledged: this.#acknowledged, cuts: cuts.size, lost, doubled, torn };
  }

  /** Before each sync, and after each line of the report. */
  #cuts(): ReadonlySet<number> {
    const disk = this.#recorded.newDisk();
    const cuts = new Set<number>();
    for (const [index, call] of this.#recorded.calls.entries()) {
      if (disk.isSync(call)) cuts.add(index);
      if (disk.take(call).some(({ kind }) => kind !== "try")) cuts.add(index + 1);
    }
    return cuts;
  }

  async #runThrough(cuts: ReadonlySet<number>, images: number): Promise<void> {
    const disk = this.#recorded.newDisk();
    const ledger = new Ledger();
    for (const [index, call] of this.#recorded.calls.entries()) {
      if (cuts.has(index) && this.#images < images) {
        const keeping = oneOf(this.#random, KEEPINGS);
        await this.#check(disk.image(keeping, this.#random), ledger, `cut at call ${index}, ${keeping} kept`);
      }
      for (const line of disk.take(call)) ledger.take(line);
    }
  }

  async #check(image: Image, ledger: Ledger, name: string): Promise<void> {
    const folder = join(this.#folder, `image-${++this.#images}`);
    this.#acknowledged += ledger.promises;
    await mkdir(folder);
    for (const [file, bytes] of image) await writeFile(join(folder, file), bytes, { mode: 0o600 });
    try {
      const store = await openStore(join(folder, "holodeck.db"));
      const { lost, doubled, torn } = await audit({ store, ledger });
      await store.close();
      this.lost.push(...lost.map((one) => `${name}: ${one}`));
      this.doubled.push(...doubled.map((one) => `${name}: ${one}`));
      this.torn.push(...torn.map((one) => `${name}: ${one}`));
    } catch (error) {
      if (ledger.promises > 0) this.lost.push(`${name}: ${ledger.promises} promises`);
      this.torn.push(`${name}: it does not open: ${String(error)}`);
    }
    await rm(folder, { recursive: true });
  }
}
