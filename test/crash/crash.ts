// Kills a working process again and again, at random moments and at every named point, and after each kill holds the
// store against what it had promised.
import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "../../src/store/open.ts";
import { settleAll } from "./afterlife.ts";
import { announced } from "./announced-store.ts";
import { audit, type Findings } from "./audit.ts";
import type { Fault } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { Point } from "./points.ts";
import { below, randomFrom, type Random } from "./random.ts";
import type { Target } from "./targets.ts";
import { Victim } from "./victims.ts";

export interface CrashOptions {
  readonly target: Target;
  readonly kills: number;
  /** How often at most the server dies, where one keeps the store; default: at each random moment. */
  readonly serverKills?: number;
  readonly seed: number;
  readonly fault?: Fault | null;
  readonly onKill?: (kills: number) => void;
}

export interface CrashReport extends Findings {
  readonly kills: number;
  /** Appends, changes and blobs that were promised. */
  readonly acknowledged: number;
  /** How many of the kills were the server's. */
  readonly serverKills: number;
  /** The named points at which a process died. */
  readonly points: ReadonlySet<string>;
}

/** After so many kills a store is looked at for the last time, and another begun. */
const KILLS_PER_STORE = 10;
/** A process that works is killed within this time. */
const LIFE_MS_MAX = 120;
/** A point that is not reached in this time is a random moment. */
const POINT_PATIENCE_MS = 3_000;

export async function crash(options: CrashOptions): Promise<CrashReport> {
  const { target, seed } = options;
  // A server that dies takes every store with it: there, one at a time is worked on and looked at.
  const lanes = target.killServer === null ? 2 : 1;
  const report = new Report(options);
  const run = async (_: unknown, index: number): Promise<void> => {
    await new Lane(options, report, randomFrom(seed + index)).run();
  };
  await Promise.all(Array.from({ length: lanes }, run));
  return report;
}

class Report implements CrashReport {
  kills = 0;
  serverKills = 0;
  acknowledged = 0;
  readonly points = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #doubled = new Set<string>();
  readonly #torn = new Set<string>();
  readonly #points: readonly string[];
  readonly #options: CrashOptions;
  #turn = 0;

  constructor(options: CrashOptions) {
    this.#options = options;
    const { points, createPoints } = options.target;
    this.#points = [...createPoints, ...points];
  }

  get isDone(): boolean {
    return this.kills >= this.#options.kills;
  }

  killed(): void {
    this.kills++;
    this.#options.onKill?.(this.kills);
  }

  get mayKillServer(): boolean {
    return this.serverKills < (this.#options.serverKills ?? Number.POSITIVE_INFINITY);
  }

  /** Each point in its turn, every second time, those first at which nobody died yet; a random moment between. */
  nextPoint(): string | null {
    const turn = this.#turn++;
    if (turn % 2 === 0) return null;
    const missing = this.#points.filter((name) => !this.points.has(name));
    const points = missing.length > 0 ? missing : this.#points;
    return points[((turn - 1) / 2) % points.length] ?? null;
  }

  add({ lost, doubled, torn }: Findings): void {
    for (const one of lost) this.#lost.add(one);
    for (const one of doubled) this.#doubled.add(one);
    for (const one of torn) this.#torn.add(one);
  }

  get lost(): readonly string[] {
    return [...this.#lost];
  }

  get doubled(): readonly string[] {
    return [...this.#doubled];
  }

  get torn(): readonly string[] {
    return [...this.#torn];
  }
}

class Lane {
  readonly #options: CrashOptions;
  readonly #report: Report;
  readonly #random: Random;
  #address: string;
  #ledger = new Ledger();
  #lives = 0;

  constructor(options: CrashOptions, report: Report, random: Random) {
    this.#options = options;
    this.#report = report;
    this.#random = random;
    this.#address = options.target.newStore();
  }

  async run(): Promise<void> {
    while (!this.#report.isDone) {
      const name = this.#report.nextPoint();
      const isCreation = name !== null && this.#options.target.createPoints.includes(name);
      if (this.#lives >= KILLS_PER_STORE || (isCreation && this.#lives > 0)) await this.#replaceStore();
      await this.#live(name === null ? null : { name, time: isCreation ? 1 : 1 + below(this.#random, 20) });
      await this.#check(false);
    }
    await this.#replaceStore();
  }

  async #live(point: Point | null): Promise<void> {
    const { target, fault = null } = this.#options;
    const victim = Victim.working({ address: this.#address, point, fault, sqlite: null, report: null });
    if (point === null) {
      await victim.begun;
      await delay(this.#random() * LIFE_MS_MAX);
      if (target.killServer !== null && this.#report.mayKillServer) await this.#killServer(target.killServer);
    } else {
      const patience = new AbortController();
      const { signal } = patience;
      await Promise.race([
        victim.gone,
        delay(POINT_PATIENCE_MS, undefined, { signal }).catch(() => undefined),
      ]);
      patience.abort();
    }
    victim.kill();
    const { lines, failure } = await victim.gone;
    for (const line of lines) this.#ledger.take(line);
    for (const name of this.#ledger.points) this.#report.points.add(name);
    if (failure !== null)
      this.#report.add({ lost: [], doubled: [], torn: [`It ended by itself: ${failure}`] });
    this.#lives++;
    this.#report.killed();
  }

  /** The process lives on and must cope; its own end comes a little later. */
  async #killServer(kill: () => Promise<void>): Promise<void> {
    await kill();
    this.#report.serverKills++;
    this.#report.killed();
    await delay(this.#random() * LIFE_MS_MAX);
  }

  async #check(settled: boolean): Promise<void> {
    const ledger = this.#ledger;
    try {
      const store = await openStore(this.#address);
      this.#report.add(await audit({ store, ledger, settled }));
      await store.close();
    } catch (error) {
      const lost = ledger.promises === 0 ? [] : [`${ledger.promises} promises of ${this.#address}`];
      this.#report.add({ lost, doubled: [], torn: [`${this.#address} cannot be read: ${String(error)}`] });
    }
  }

  async #replaceStore(): Promise<void> {
    const ledger = this.#ledger;
    const store = announced(await openStore(this.#address), (line) => ledger.take(line));
    this.#report.acknowledged += ledger.promises;
    this.#report.add({ lost: [], doubled: [], torn: await settleAll(store) });
    await this.#check(true);
    this.#address = this.#options.target.newStore();
    this.#ledger = new Ledger();
    this.#lives = 0;
  }
}
