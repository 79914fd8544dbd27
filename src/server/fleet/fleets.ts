// The fleets of a store as this process serves them: each a stream `fleet:<name>`, decided by commands, kept in memory
// while it is asked about, and looked after when something in it falls due.
import { hash as digest } from "node:crypto";
import type { Clock } from "../../event/clock.ts";
import type { Happened, Moment } from "../../event/decider.ts";
import { HolodeckError } from "../../event/error.ts";
import { streamId, streamKind, type StreamId } from "../../event/event.ts";
import type { News, Runtime, Untimed } from "../../event/runtime.ts";
import type { FleetCommand, FleetFact, SettingsAsked } from "../../fleet/fleet-facts.ts";
import { settingsOf, type Settings } from "../../fleet/fleet-settings.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { Deadlines } from "../../session/deadlines.ts";
import { withTraceOf } from "../../session/trace-context.ts";
import { TracedRuntime } from "../../session/traced-runtime.ts";
import type { Store } from "../../store/port.ts";
import { configuredFleet, type ConfiguredFleet } from "./configured-fleet.ts";

export interface FleetsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** What this process was started with; what is left out stays as each fleet has it. */
  readonly settings?: SettingsAsked;
  /** Told of each event this process comes to know. */
  readonly onEvents?: (news: News<FleetState, FleetFact>) => void;
  /** Told of trouble in the background. */
  readonly report: (error: unknown) => void;
}

/** A state, and how far in its stream it is. */
export interface FleetNow {
  readonly state: FleetState;
  readonly seq: number;
  readonly settings: Settings;
}

/** The fleet of who names none. */
export const DEFAULT_FLEET = "default";

/** Fleets whose state is kept; one more, and the one unused longest is read again when asked for. */
const KEPT_MAX = 64;

const FLEET_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;

/** A snapshot is written each time so many events have come: that of a large fleet is long. */
const SNAPSHOT_EVERY = 10_000;

/** How many events one command writes at the most, and that of its repeat is looked for in. */
const EVENTS_OF_COMMAND_MAX = 8;

export class Fleets {
  readonly aggregate: ConfiguredFleet;
  readonly #options: FleetsOptions;
  readonly #runtime: Runtime<FleetState, FleetCommand, FleetFact>;
  readonly #deadlines: Deadlines;
  /** By last use, those that were first looked at by this process. */
  readonly #kept = new Map<StreamId, Promise<void>>();

  constructor(options: FleetsOptions) {
    const { store, clock, moment, settings = {}, report } = options;
    this.#options = options;
    this.aggregate = configuredFleet(settings);
    const { aggregate } = this;
    const onEvents = (news: News<FleetState, FleetFact>): void => this.#onEvents(news);
    this.#runtime = new TracedRuntime({
      aggregate,
      log: store,
      moment,
      onEvents,
      snapshotEvery: SNAPSHOT_EVERY,
    });
    this.#deadlines = new Deadlines({
      store,
      clock,
      open: { kind: "fleet" },
      mayTry: (stream) => streamKind(stream) === "fleet",
      settle: async ({ stream }) => void (await this.#read(stream).catch(report)),
      onError: report,
    });
  }

  /** Takes on the fleet of who names none, and begins to let happen what falls due in all. One that is broken is told of. */
  async start(): Promise<void> {
    await this.#touch(fleetStream(DEFAULT_FLEET)).catch(this.#options.report);
    this.#deadlines.start();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    await this.#deadlines.stop();
    await this.#runtime.idle();
  }

  /**
   * Decides a command and makes what follows durable; answers the events, those of the first time for a `key` that
   * was used. A refusal is thrown.
   */
  async execute(
    fleet: string,
    command: Untimed<FleetCommand>,
    key: string | null = null,
  ): Promise<readonly Happened<FleetFact>[]> {
    const { events } = await this.#execute(fleet, command, key === null ? [] : [usedKey(command, key)]);
    return events;
  }

  /** As `execute`, for who may send anything under a key: throws `idempotency_key_reused` for another command. */
  async request(
    fleet: string,
    command: Untimed<FleetCommand>,
    key: string | null,
  ): Promise<readonly Happened<FleetFact>[]> {
    if (key === null) return await this.execute(fleet, command);
    const used = usedKey(command, key);
    const { events, repeatedKey } = await this.#execute(fleet, command, [
      `${used}=${digestOf(command)}`,
      used,
    ]);
    if (repeatedKey !== used) return events;
    throw new HolodeckError("idempotency_key_reused", {
      what: "This idempotency key came with another request before.",
      todo: "Give each request a key of its own; repeat only the same request with the same key.",
    });
  }

  /** The fleet as the store has it now. */
  async now(fleet: string): Promise<FleetNow> {
    const stream = fleetStream(fleet);
    const state = await this.#read(stream);
    return { state, seq: this.#runtime.seq(stream), settings: this.settingsOf(state) };
  }

  /** The fleet as this process knows it: with all that it has itself written. */
  async latest(fleet: string): Promise<FleetNow> {
    const stream = fleetStream(fleet);
    const state = this.#runtime.peek(stream);
    if (state === undefined) return await this.now(fleet);
    return { state, seq: this.#runtime.seq(stream), settings: this.settingsOf(state) };
  }

  /** What this process was started with. */
  get settings(): SettingsAsked {
    return this.#options.settings ?? {};
  }

  settingsOf(state: FleetState): Settings {
    return settingsOf(state, this.aggregate.options);
  }

  /** The newest first. */
  async list(page: { readonly limit: number; readonly after?: string }) {
    return await this.#options.store.heads({ filter: { kind: "fleet" }, page });
  }

  async #execute(fleet: string, command: Untimed<FleetCommand>, keys: readonly string[]) {
    const stream = fleetStream(fleet);
    await this.#touch(stream);
    const executed = await this.#runtime.execute(stream, command, keys);
    const { events, refusal, repeated, repeatedKey } = executed;
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
    return { events: repeated === null ? events : await this.#eventsAt(stream, repeated), repeatedKey };
  }

  async #read(stream: StreamId): Promise<FleetState> {
    await this.#touch(stream);
    return await this.#runtime.refresh(stream);
  }

  /** The first time this process meets a fleet that is there, it gives it its own settings. */
  async #touch(stream: StreamId): Promise<void> {
    const known = this.#kept.get(stream) ?? this.#configure(stream);
    this.#kept.delete(stream);
    this.#kept.set(stream, known);
    try {
      await known;
    } catch (error) {
      this.#kept.delete(stream);
      throw error;
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX || !this.#runtime.forget(oldest)) return;
      this.#kept.delete(oldest);
    }
  }

  async #configure(stream: StreamId): Promise<void> {
    if ((await this.#options.store.head({ stream })) === null) return;
    const command = { type: "configure", ...this.settings } as const;
    const { refusal } = await withTraceOf({}, async () => await this.#runtime.execute(stream, command));
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
  }

  async #eventsAt(stream: StreamId, seq: number): Promise<readonly Happened<FleetFact>[]> {
    const limit = EVENTS_OF_COMMAND_MAX;
    const stored = await this.#options.store.read({ stream, afterSeq: seq - 1, limit });
    // A fleet's stream holds the events of its own aggregate alone.
    return stored.map(({ event }) => event as unknown as Happened<FleetFact>);
  }

  #onEvents(news: News<FleetState, FleetFact>): void {
    this.#options.onEvents?.(news);
    const { dueAt } = this.aggregate.head(news.state);
    if (dueAt !== null) this.#deadlines.expect(dueAt);
  }
}

/** Of each kind of command its own: who goes on from one to the next may do so under one key. */
function usedKey({ type }: Untimed<FleetCommand>, key: string): string {
  return `request:${type}:${key}`;
}

function digestOf(command: Untimed<FleetCommand>): string {
  return digest("sha256", JSON.stringify(command), "base64url").slice(0, 22);
}

/** Throws `invalid_argument` for a name no fleet can have. */
export function fleetStream(name: string): StreamId {
  if (FLEET_NAME.test(name)) return streamId("fleet", name);
  throw new HolodeckError("invalid_argument", {
    what: `${JSON.stringify(name.slice(0, 100))} is not a fleet's name.`,
    todo: "Name it by 1 to 64 letters, digits, dots, dashes and underscores.",
  });
}
