// A session: the boundary around a focused unit of work, with whom it trusts.
import type { ForkOptions } from "./fork.ts";
import type { PersistedSession } from "./persist.ts";
import type { Presence } from "./presence.ts";
import { SessionTrust, type TrustHost } from "./session-trust.ts";
import type { SessionState } from "./state.ts";
import type { WorkHost } from "./working-session.ts";

/** What a handle needs of the manager it belongs to. */
export interface HandleHost extends TrustHost, WorkHost {
  handleOf(state: SessionState): Session;
}

/** A session of a store that this process has open. */
export class Session extends SessionTrust {
  declare protected readonly host: HandleHost;

  /** Sessions are made by `manager.startSession` and found by `manager.get`. */
  // oxlint-disable-next-line no-useless-constructor -- it wants more of its host than what it extends
  constructor(host: HandleHost, presence: Presence, state: SessionState) {
    super(host, presence, state);
  }

  /** As for any session; what has changed in the objects it manages is durable then too. */
  override async persist(): Promise<PersistedSession> {
    await this.persistObjects();
    return await super.persist();
  }

  /**
   * A new session that starts from the state after event `seq`, and says so (`forkedFrom`). Tasks and how they ended
   * are carried over; an attempt that ran then may start again; the session's time begins anew. This one stays as it is.
   */
  override async fork(seq: number, options: ForkOptions = {}): Promise<Session> {
    // Its host makes no other handles.
    return (await super.fork(seq, options)) as Session;
  }

  protected override get handle(): this {
    return this;
  }
}
