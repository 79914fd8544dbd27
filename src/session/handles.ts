// The open sessions this process attends to, and the handles its users hold. What happens reaches listeners and
// callbacks whether or not a handle is still held; a handle nobody holds, and its state, can be collected.
import type { StreamId } from "../event/event.ts";
import type { News } from "../event/runtime.ts";
import type { Callbacks } from "./callbacks.ts";
import type { SessionEvent } from "./events.ts";
import { Presence } from "./presence.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import type { WorkingSession } from "./working-session.ts";

interface Attended<Handle extends WorkingSession> {
  readonly presence: Presence;
  handle: WeakRef<Handle>;
}

interface HandlesOptions<Handle extends WorkingSession> {
  readonly make: (presence: Presence, state: SessionState) => Handle;
  readonly callbacks: Callbacks<Handle>;
}

export class Handles<Handle extends WorkingSession> {
  readonly #make: HandlesOptions<Handle>["make"];
  readonly #callbacks: Callbacks<Handle>;
  readonly #attended = new Map<StreamId, Attended<Handle>>();
  /** Of sessions that have ended, while their listeners are being called. */
  readonly #leaving = new Set<Presence>();

  constructor({ make, callbacks }: HandlesOptions<Handle>) {
    this.#make = make;
    this.#callbacks = callbacks;
  }

  /** Whether what happens in a session is told to anyone here. */
  has(stream: StreamId): boolean {
    return this.#attended.has(stream);
  }

  /** The handle of a session: the one that is held, or a new one. */
  handleOf(state: SessionState): Handle {
    const stream = streamOf(state.sessionId);
    const attended = this.#attended.get(stream);
    const held = attended?.handle.deref();
    if (held !== undefined) return held;
    const presence = attended?.presence ?? new Presence();
    const session = this.#make(presence, state);
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

  /** Calls `detach` for each session in which this process attached agents: they leave with it. */
  async detachLocal(detach: (handle: Handle) => Promise<void>): Promise<void> {
    for (const { presence, handle: held } of this.#attended.values()) {
      if ((presence.agents?.attached.length ?? 0) === 0) continue;
      // Agents are held by their presence: the handle may be gone, and their contexts hold it while they are here.
      const handle = held.deref();
      if (handle !== undefined) await detach(handle);
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
