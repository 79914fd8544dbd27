// The open sessions this process attends to, and the handles its users hold. What happens reaches listeners and
// callbacks whether or not a handle is still held; a handle nobody holds, and its state, can be collected.
import type { StreamId } from "../event/event.ts";
import type { News } from "../event/runtime.ts";
import type { Callbacks } from "./callbacks.ts";
import type { SessionEvent } from "./events.ts";
import { Presence } from "./presence.ts";
import { Session, type HandleHost } from "./session.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";

interface Attended {
  readonly presence: Presence;
  handle: WeakRef<Session>;
}

export class Handles {
  readonly #host: HandleHost;
  readonly #callbacks: Callbacks;
  readonly #attended = new Map<StreamId, Attended>();
  /** Of sessions that have ended, while their listeners are being called. */
  readonly #leaving = new Set<Presence>();

  constructor({ host, callbacks }: { readonly host: HandleHost; readonly callbacks: Callbacks }) {
    this.#host = host;
    this.#callbacks = callbacks;
  }

  /** Whether what happens in a session is told to anyone here. */
  has(stream: StreamId): boolean {
    return this.#attended.has(stream);
  }

  /** The handle of a session: the one that is held, or a new one. */
  handleOf(state: SessionState): Session {
    const stream = streamOf(state.sessionId);
    const attended = this.#attended.get(stream);
    const held = attended?.handle.deref();
    if (held !== undefined) return held;
    const presence = attended?.presence ?? new Presence();
    const session = new Session(this.#host, presence, state);
    // Nothing more happens in a session that has ended: there is nothing to attend to.
    if (state.status === "open") this.#attended.set(stream, { presence, handle: new WeakRef(session) });
    return session;
  }

  /** Tells what happened, once and in order. */
  take({ stream, events, state }: News<SessionState, SessionEvent>): void {
    const attended = this.#attended.get(stream);
    if (attended === undefined) return;
    const session = attended.handle.deref() ?? this.handleOf(state);
    session.take(state);
    attended.presence.take(events);
    for (const event of events) this.#callbacks.notify(session, event);
    if (state.status === "ended") this.#leave(stream, attended.presence);
  }

  /** The agents that this process attached leave with it. */
  async detachLocal(): Promise<void> {
    for (const { presence, handle } of this.#attended.values()) {
      if ((presence.agents?.attached.length ?? 0) === 0) continue;
      // Agents are held by their presence: the handle may be gone, and their contexts hold it while they are here.
      await handle.deref()?.detachLocal("The process that attached it let go of the session.");
    }
  }

  /** Resolves when nobody is being called. */
  async idle(): Promise<void> {
    await this.#callbacks.idle();
    for (const { presence } of this.#attended.values()) await presence.idle();
    for (const presence of this.#leaving) await presence.idle();
  }

  #leave(stream: StreamId, presence: Presence): void {
    this.#attended.delete(stream);
    this.#leaving.add(presence);
    void presence.idle().then(() => this.#leaving.delete(presence));
  }
}
