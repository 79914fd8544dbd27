// The agents of a session that this process attached: it holds their teardown. When an agent leaves, by whomever and
// for whatever reason, its teardown is called; when the session ends, each agent's, in reverse order of attaching. One
// that throws or hangs stops no other.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SessionEvent } from "./events.ts";
import { held } from "./held.ts";
import { Observer } from "./observers.ts";

interface LocalAgent {
  readonly agentId: string;
  readonly teardown: () => unknown;
}

interface LocalAgentsOptions {
  readonly clock: Clock;
  readonly report: (problem: HolodeckError) => void;
}

export class LocalAgents {
  readonly #clock: Clock;
  readonly #report: (problem: HolodeckError) => void;
  /** By attachment, in the order they came. */
  readonly #agents = new Map<string, LocalAgent>();
  /** Calls one teardown after the other, and waits for none of them for ever. */
  readonly #teardowns: Observer<LocalAgent>;

  constructor({ clock, report }: LocalAgentsOptions) {
    this.#clock = clock;
    this.#report = report;
    const callback = async (agent: LocalAgent): Promise<void> => await this.#tearDown(agent);
    this.#teardowns = new Observer({ name: "teardown", callback, clock, report });
  }

  /** Those attached here, the newest first. */
  get attached(): readonly { readonly agentId: string; readonly attachmentId: string }[] {
    return [...this.#agents].map(([attachmentId, { agentId }]) => ({ attachmentId, agentId })).toReversed();
  }

  add(attachmentId: string, agent: LocalAgent): void {
    this.#agents.set(attachmentId, agent);
  }

  /** It was not attached after all, or has left. */
  leave(attachmentId: string): void {
    const agent = this.#agents.get(attachmentId);
    if (agent === undefined) return;
    this.#agents.delete(attachmentId);
    this.#teardowns.notify(agent);
  }

  /** Told of each event of the session. */
  take(event: SessionEvent): void {
    if (event.type === "agent_detached" || event.type === "agent_disconnected") {
      this.leave(event.data.attachment_id);
    } else if (event.type === "session_ended") {
      for (const { attachmentId } of this.attached) this.leave(attachmentId);
    }
  }

  /** Resolves when every teardown has returned or been passed over; at once for who asks from inside one. */
  async idle(): Promise<void> {
    await held(this.#clock, async () => await this.#teardowns.idle());
  }

  async #tearDown({ agentId, teardown }: LocalAgent): Promise<void> {
    try {
      await teardown();
    } catch (cause) {
      const why = cause instanceof Error ? `: ${cause.message}` : "";
      const what = `The teardown of agent ${JSON.stringify(agentId)} threw${why}.`;
      this.#report(
        new HolodeckError("callback_failed", { what, todo: "Catch the error inside the teardown.", cause }),
      );
    }
  }
}
