// What a process counts, under the names of spec/holodeck-session-manager.txt, byte for byte. A session's id is never
// a label: it would make a series of every session.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Event } from "../event/event.ts";
import type { DeliveryMetrics } from "../tile/errand.ts";

/** Seconds, from quick tasks to a session of an hour and more. */
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 10_800];

export class SessionMetrics {
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

  /** Where an outbox counts. */
  readonly outbox = this.#deliveries({
    waiting: [
      "holodeck_tiles_pending",
      "Tiles of the store's newest thousand waiting sessions that are yet to be sent.",
    ],
    sent: ["holodeck_tiles_sent_total", "Tiles this process delivered."],
    parked: [
      "holodeck_tiles_parked_total",
      "Tiles a server would not have; `holodeck tiles --pending` shows them.",
    ],
    failed: ["holodeck_tile_send_failures_total", "Tries to send a tile that are repeated."],
  });

  /** Where the senders to webhooks count. */
  readonly webhooks = this.#deliveries({
    waiting: [
      "holodeck_webhooks_pending",
      "Posts to webhooks of the store's newest thousand waiting sessions that are yet to be sent.",
    ],
    sent: ["holodeck_webhooks_sent_total", "Posts to webhooks this process delivered."],
    parked: [
      "holodeck_webhooks_parked_total",
      "Posts a webhook would not have; `holodeck webhooks` shows them.",
    ],
    failed: ["holodeck_webhook_send_failures_total", "Tries to post to a webhook that are repeated."],
  });

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

  /** Prometheus text, version 0.0.4. */
  async text(): Promise<string> {
    return await this.registry.metrics();
  }

  #deliveries(
    names: Readonly<Record<keyof DeliveryMetrics, readonly [name: string, help: string]>>,
  ): DeliveryMetrics {
    const sources: (() => Promise<number>)[] = [];
    this.#gauge(...names.waiting, [], async (gauge) => {
      // Asked anew each time; a store that cannot answer leaves the value as it was.
      const counts = await Promise.all(sources.map(async (source) => await source())).catch(() => null);
      if (counts !== null) gauge.set(counts.reduce((sum, one) => sum + one, 0));
    });
    const [sent, parked] = [this.#counter(...names.sent), this.#counter(...names.parked)];
    const failed = this.#counter(...names.failed);
    return {
      sent: (count) => sent.inc(count),
      parked: (count) => parked.inc(count),
      failed: () => failed.inc(),
      waiting: (source) => void sources.push(source),
    };
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

  /** `collect` is asked for the value when the metrics are read. */
  #gauge(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    collect?: (gauge: Gauge) => Promise<void>,
  ): Gauge {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect !== undefined && { collect: async () => await collect(gauge) }),
    });
    return gauge;
  }

  #histogram(name: string, help: string, labelNames: readonly string[] = []): Histogram {
    const buckets = DURATION_BUCKETS;
    return new Histogram({ name, help, buckets, labelNames: [...labelNames], registers: [this.registry] });
  }
}
