// When each attempt of a session ran, as bars beside each other.
import type { Event } from "../event/event.ts";

export interface Bar {
  /** The task, and the attempt when it is not the first. */
  readonly label: string;
  /** `running` while it has none. */
  readonly outcome: string;
  /** Milliseconds after the first event. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** One bar an attempt, in the order they started; those that still run last until the newest event. */
export function attemptsOf(events: readonly Event[]): {
  readonly bars: readonly Bar[];
  readonly spanMs: number;
} {
  const beganAt = events[0]?.at ?? 0;
  const spanMs = (events.at(-1)?.at ?? beganAt) - beganAt;
  const bars = new Map<string, Bar>();
  for (const { type, at, data } of events) {
    const taskId = textOf(data["task_id"]);
    const attempt = typeof data["attempt"] === "number" ? data["attempt"] : 1;
    const name = `${attempt} ${taskId}`;
    if (type === "task_started") {
      const label = attempt === 1 ? taskId : `${taskId} (attempt ${attempt})`;
      bars.set(name, { label, outcome: "running", fromMs: at - beganAt, toMs: spanMs });
    } else if (type === "attempt_ended" || type === "task_ended") {
      const bar = bars.get(name);
      if (bar?.outcome === "running")
        bars.set(name, { ...bar, outcome: textOf(data["outcome"]), toMs: at - beganAt });
    }
  }
  return { bars: [...bars.values()], spanMs };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
