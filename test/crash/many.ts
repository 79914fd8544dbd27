// Many processes that want different things of the same sessions, some of them paused past every timeout, some killed
// and replaced; and what of laws 2 and 3 did not hold.
import { setTimeout as delay } from "node:timers/promises";
import { SessionManager } from "../../src/local.ts";
import { openStore } from "../../src/store/open.ts";
import { announced } from "./announced-store.ts";
import { audit, type Findings } from "./audit.ts";
import type { Fault } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { oneOf, randomFrom, type Random } from "./random.ts";
import { Victim } from "./victims.ts";

export interface ManyOptions {
  readonly address: string;
  readonly processes: number;
  readonly sessions: number;
  /** How many are fought for at a time in each session, and how many each has at least. */
  readonly tasks: number;
  readonly pauses: number;
  readonly kills: number;
  readonly seed: number;
  readonly fault?: Fault | null;
}

export interface ManyReport extends Findings {
  readonly acknowledged: number;
  /** How many processes have tried to change something. */
  readonly working: number;
  readonly pauses: number;
  readonly kills: number;
  /** How many sessions have ended, of those there were. */
  readonly ended: number;
  /** How many attempts timed out. */
  readonly timeouts: number;
}

const TASKS_MAX = 1_000_000;

/** Longer than a task may take, shorter than a write waits for another process. */
const PAUSE_MS = 1_300;

/**
 * A process whose store lies may believe for ever that a session is open which has ended: it is given so long. What it
 * did is in the store, where it is looked for.
 */
const LIED_TO_MS_MAX = 4_000;

export async function many(options: ManyOptions): Promise<ManyReport> {
  const ledger = new Ledger();
  const sessions = await startSessions(options, ledger);
  const hammers = new Hammers(options, sessions, ledger);
  const { working, pauses, kills, failures } = await hammers.run();
  const store = await openStore(options.address);
  const { lost, doubled, torn } = await audit({ store, ledger });
  const { ended, timeouts } = await count(options.address);
  await store.close();
  const acknowledged = ledger.promises;
  return {
    acknowledged,
    working,
    pauses,
    kills,
    ended,
    timeouts,
    lost,
    doubled,
    torn: [...torn, ...failures],
  };
}

async function startSessions({ address, sessions }: ManyOptions, ledger: Ledger): Promise<readonly string[]> {
  const store = announced(await openStore(address), (line) => ledger.take(line));
  const config = { sessionName: "many", agentId: "first", maxTasks: TASKS_MAX };
  await using manager = new SessionManager(config, { store });
  const started = await Promise.all(Array.from({ length: sessions }, () => manager.startSession()));
  return started.map(({ sessionId }) => sessionId);
}

class Hammers {
  readonly failures: string[] = [];
  working = 0;
  pauses = 0;
  kills = 0;
  readonly #options: ManyOptions;
  readonly #sessions: readonly string[];
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #gone: Promise<void>[] = [];
  #started = 0;
  #hammers: Victim[];

  constructor(options: ManyOptions, sessions: readonly string[], ledger: Ledger) {
    this.#options = options;
    this.#sessions = sessions;
    this.#ledger = ledger;
    this.#random = randomFrom(options.seed);
    this.#hammers = Array.from({ length: options.processes }, () => this.#start());
  }

  /** Ends when every hammer has seen every session end: not before all have worked and all harm is done. */
  async run(): Promise<this> {
    const { pauses, kills } = this.#options;
    while (this.pauses < pauses || this.kills < kills) {
      const hammer = oneOf(this.#random, this.#hammers);
      await hammer.begun;
      await delay(this.#random() * 150);
      if (this.#hammers.some(({ isGone }) => isGone)) break;
      if (this.kills >= kills || (this.pauses < pauses && this.#random() < 0.5)) await this.#pause(hammer);
      else this.#replace(hammer);
    }
    await Promise.all(this.#hammers.map(({ begun }) => begun));
    for (const hammer of this.#hammers) hammer.finish();
    const isLiedTo = (this.#options.fault ?? null) !== null;
    const patience = isLiedTo ? setTimeout(() => this.#killAll(), LIED_TO_MS_MAX) : null;
    while (this.#gone.length > 0) await this.#gone.pop();
    if (patience !== null) clearTimeout(patience);
    return this;
  }

  #killAll(): void {
    for (const hammer of this.#hammers) if (!hammer.isGone) hammer.kill();
  }

  async #pause(hammer: Victim): Promise<void> {
    hammer.pause();
    this.pauses++;
    await delay(PAUSE_MS);
    hammer.resume();
  }

  #replace(hammer: Victim): void {
    hammer.kill();
    this.kills++;
    this.#hammers = this.#hammers.map((one) => (one === hammer ? this.#start() : one));
  }

  #start(): Victim {
    const { address, tasks, seed, fault = null } = this.#options;
    const orders = { address, seed: seed + ++this.#started, sessions: this.#sessions, tasks, fault };
    const hammer = Victim.hammering(orders);
    this.#gone.push(this.#hear(hammer));
    return hammer;
  }

  async #hear(hammer: Victim): Promise<void> {
    const { lines, failure } = await hammer.gone;
    for (const line of lines) this.#ledger.take(line);
    if (lines.some(({ kind }) => kind === "try")) this.working++;
    if (failure !== null) this.failures.push(failure);
  }
}

async function count(address: string): Promise<Pick<ManyReport, "ended" | "timeouts">> {
  await using manager = new SessionManager({ sessionName: "many", agentId: "last" }, { store: address });
  const { sessions } = await manager.list({ limit: 1_000 });
  let timeouts = 0;
  for (const { sessionId } of sessions) {
    for await (const { data } of (await manager.get(sessionId)).events()) {
      if (data["attempt"] !== undefined && data["outcome"] === "timeout") timeouts++;
    }
  }
  return { ended: sessions.filter(({ status }) => status !== "open").length, timeouts };
}
