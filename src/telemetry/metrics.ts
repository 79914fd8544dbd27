// What a process counts, under the names of spec/holodeck-session-manager.txt, byte for byte. A session's id is never
// a label: it would make a series of every session.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Event } from "../event/event.ts";
import type { OutboxMetrics } from "../tile/sink.ts";

/** Seconds, from quick tasks to a session of an hour and more. */
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 10_800];

export class SessionMetrics implements OutboxMetrics {
  /** For those who serve other metrics beside these. */
  readonly registry = new Registry();
  readonly #sessionsActive = this.#gauge("holodeck_session_active_total", "Sessions that are open.");
  readonly #sessionsCompleted = this.#counter(
    "holodeck_session_completed_total",
    "Sessions that ended, by outcome.",
    ["outcome"],
  );
  readonly #sessionSeconds = this.#histogram(
    "holodeck_session_duration_seconds",
    "Seconds from a session's start to its end.",
  );
  readonly #tasksStarted = this.#counter("holodeck_task_started_total", "Attempts of tasks that started.");
  readonly #tasksCompleted = this.#counter("holodeck_task_completed_total", "Tasks that ended, by outcome.", [
    "outcome",
  ]);
  readonly #taskSeconds = this.#histogram(
    "holodeck_task_duration_seconds",
    "Seconds the last attempt of a task took, by outcome.",
    ["outcome"],
  );
  readonly #decisions = this.#counter(
    "holodeck_h1_routing_decisions_total",
    "Tasks routed, by the agent chosen.",
    ["agent_id"],
  );
  readonly #alerts = this.#counter(
    "holodeck_emergence_alerts_total",
    "Upward crossings of the emergence threshold.",
  );
  readonly #h1Before = this.#gauge(
    "holodeck_h1_before_routing",
    "β₁ of the fleet before the newest decision for an agent.",
    ["agent_id"],
  );
  readonly #h1After = this.#gauge(
    "holodeck_h1_after_routing",
    "β₁ of the fleet after the newest decision for an agent.",
    ["agent_id"],
  );

  readonly #tilesWaiting = this.#gauge(
    "holodeck_tiles_pending",
    "Tiles of the store's newest thousand waiting sessions that are yet to be sent.",
  );
  readonly #tilesSent = this.#counter("holodeck_tiles_sent_total", "Tiles this process delivered.");
  readonly #tilesParked = this.#counter(
    "holodeck_tiles_parked_total",
    "Tiles a server would not have; `holodeck tiles --pending` shows them.",
  );
  readonly #tileSendFailures = this.#counter(
    "holodeck_tile_send_failures_total",
    "Tries to send a tile that are repeated.",
  );
  #tilesPending: (() => Promise<number>) | null = null;

  /** Counts an event this process wrote. */
  observe({ type, data }: Pick<Event, "type" | "data">): void {
    const outcome = typeof data["outcome"] === "string" ? data["outcome"] : "";
    const seconds = Number(data["duration_ms"]) / 1_000;
    switch (type) {
      case "session_started":
        this.#sessionsActive.inc();
        break;
      case "session_ended":
        this.#sessionsActive.dec();
        this.#sessionsCompleted.inc({ outcome });
        this.#sessionSeconds.observe(seconds);
        break;
      case "task_started":
        this.#tasksStarted.inc();
        break;
      case "task_ended":
        this.#tasksCompleted.inc({ outcome });
        this.#taskSeconds.observe({ outcome }, seconds);
        break;
      case "task_routed":
        this.#routed(data["routing"] as { agent_id: string; h1_before: number; h1_after: number });
        break;
      case "emergence_alert":
        this.#alerts.inc();
        break;
    }
  }

  /** Where an outbox counts. */
  get outbox(): OutboxMetrics {
    return this;
  }

  tilesSent(count: number): void {
    this.#tilesSent.inc(count);
  }

  tilesParked(count: number): void {
    this.#tilesParked.inc(count);
  }

  tileSendFailed(): void {
    this.#tileSendFailures.inc();
  }

  tilesPending(source: () => Promise<number>): void {
    this.#tilesPending = source;
  }

  /** Prometheus text, version 0.0.4. */
  async text(): Promise<string> {
    // Asked anew each time; a store that cannot answer leaves the value as it was.
    const pending = await this.#tilesPending?.().catch(() => null);
    if (typeof pending === "number") this.#tilesWaiting.set(pending);
    return await this.registry.metrics();
  }

  #routed({
    agent_id,
    h1_before,
    h1_after,
  }: {
    agent_id: string;
    h1_before: number;
    h1_after: number;
  }): void {
    this.#decisions.inc({ agent_id });
    this.#h1Before.set({ agent_id }, h1_before);
    this.#h1After.set({ agent_id }, h1_after);
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #histogram(name: string, help: string, labelNames: readonly string[] = []): Histogram {
    const buckets = DURATION_BUCKETS;
    return new Histogram({ name, help, buckets, labelNames: [...labelNames], registers: [this.registry] });
  }
}
