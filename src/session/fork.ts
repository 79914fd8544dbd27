// Forking a session: reads the state it had, and starts another one from it.
import { leafHash } from "../event/event.ts";
import type { SessionHost } from "./host.ts";
import { checkText } from "./input.ts";
import { stateAt } from "./past-session.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import { encodeId } from "./system-id.ts";

export interface ForkOptions {
  /** Makes the call happen once: the same key on the same session answers the fork that was made first. */
  readonly idempotencyKey?: string;
}

export interface ForkRequest extends ForkOptions {
  readonly host: SessionHost;
  readonly sessionId: string;
  readonly seq: number;
}

/** Answers the fork's state. It is durable then. */
export async function forkSession({
  host,
  sessionId,
  seq,
  idempotencyKey,
}: ForkRequest): Promise<SessionState> {
  const key = idempotencyKey === undefined ? null : checkText(idempotencyKey, "idempotencyKey");
  const source = await stateAt(await host.store(), sessionId, seq);
  const id = key === null ? host.random.id(host.clock.now()) : idOf(source.state, key);
  const { state } = await host.execute(
    streamOf(`sess_${id}`),
    {
      type: "fork_session",
      sessionId: `sess_${id}`,
      from: { sessionId, seq, hash: source.hash },
      state: source.state,
      process: host.processes.self(),
      boot: host.clock.boot(),
    },
    key,
  );
  return state;
}

/** Keys are known per stream, so the same key must lead to the same one. It sorts beside the session it comes from. */
function idOf({ sessionId, createdAt }: SessionState, key: string): string {
  return encodeId(createdAt, Buffer.from(leafHash(Buffer.from(`${sessionId}\n${key}`)), "hex"));
}
