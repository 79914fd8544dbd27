// Attaching an agent: checks what is passed, sets the agent up, and makes it durable; or nothing of it.
import { HolodeckError } from "../event/error.ts";
import { parseIdentity, type Identity } from "../trust/identity.ts";
import { checkRoleIds } from "../trust/role.ts";
import { AGENT_KINDS, type AgentKind } from "./agent-kind.ts";
import { refuseAttaching } from "./agents.ts";
import { BoundedWait } from "./bounded-wait.ts";
import type { AttachAgent } from "./commands.ts";
import { held } from "./held.ts";
import type { SessionHost } from "./host.ts";
import {
  checkFunction,
  checkKeys,
  checkOneOf,
  checkSeconds,
  checkText,
  checkTexts,
  invalid,
} from "./input.ts";
import type { LocalAgents } from "./local-agents.ts";
import { CALLBACK_MS_MAX } from "./observers.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";

/** Who is attached, and how it comes and goes. `Handle` is the session as the agent may use it. */
export interface AttachOptions<Handle> {
  /** By what name it is judged; `nickname` and `metadata` may be left out, and a name alone will do. */
  readonly identity: string | (Pick<Identity, "id"> & Partial<Identity>);
  /**
   * The part of the session's roles it has. Default those the identity names, else all. It never has a role that the
   * session has not, and loses those the session loses.
   */
  readonly roles?: readonly string[];
  /** Default `agent`. A `gyre` coordinates others; a `drift` acts through its gyre, with no roles beyond it. */
  readonly kind?: AgentKind;
  /** Of a drift, and only there: the gyre it acts through, attached already. It leaves with it. */
  readonly gyre?: string;
  /** What it can do, at most 100; statements may ask for some. Default none. */
  readonly capabilities?: readonly string[];
  /** It leaves as disconnected when it is not heard of for this long (up to half as long again). Default: it need not. */
  readonly heartbeatSeconds?: number;
  /** Runs before the agent is attached; when it throws, or takes over ten seconds, the agent is not attached. */
  readonly setup?: (context: AgentContext<Handle>) => unknown;
  /** Runs once when the agent has left or the session has ended, in the process that attached it. */
  readonly teardown?: (context: AgentContext<Handle>) => unknown;
  /**
   * Null for an agent that lives elsewhere: it has no setup and no teardown, and stays when this process closes or dies,
   * until it is detached, is silent for too long, or the session ends. Default: it is this process's.
   */
  readonly process?: null;
  /** Makes the call happen once, however often it is repeated: for agents of no process, since a setup runs each time. */
  readonly idempotencyKey?: string;
}

/** What an agent is given: the session as it may use it. */
export interface AgentContext<Handle> {
  readonly agentId: string;
  readonly session: Handle;
}

/** What `session.detachAgent` takes. */
export interface DetachOptions {
  /** Why, in a sentence. */
  readonly reason?: string;
  /** Makes the call happen once, however often it is repeated. */
  readonly idempotencyKey?: string;
}

const OPTIONS = [
  "identity",
  "roles",
  "kind",
  "gyre",
  "capabilities",
  "heartbeatSeconds",
  "setup",
  "teardown",
  "process",
  "idempotencyKey",
] as const satisfies readonly (keyof AttachOptions<unknown>)[];

type Checked = Omit<AttachAgent, "type" | "now" | "attachmentId" | "process">;

/** Throws `invalid_argument`. */
export function checkAttach<Handle>(options: AttachOptions<Handle>): Checked {
  const { identity, roles, kind = "agent", gyre, heartbeatSeconds } = checkKeys(options, "options", OPTIONS);
  const {
    id,
    nickname,
    metadata,
    roles: own,
  } = parseIdentity(typeof identity === "string" ? { id: identity } : identity);
  checkOneOf(kind, "kind", AGENT_KINDS);
  if ((kind === "drift") !== (gyre !== undefined)) {
    throw invalid("gyre", gyre, "Name it for a drift, which acts through it, and for no other.");
  }
  checkWhoseItIs(options);
  const named = roles === undefined ? own : checkRoleIds(roles, "roles", 64);
  return {
    agentId: id,
    nickname,
    metadata,
    kind,
    gyreId: gyre === undefined ? null : checkText(gyre, "gyre"),
    roles: roles === undefined && named.length === 0 ? null : named,
    capabilities: checkTexts(options.capabilities ?? [], "capabilities"),
    heartbeatSeconds:
      heartbeatSeconds === undefined ? null : checkSeconds(heartbeatSeconds, "heartbeatSeconds"),
  };
}

/** What runs with an agent needs a process; a key is for what does not run. */
function checkWhoseItIs({ setup, teardown, process, idempotencyKey }: AttachOptions<never>): void {
  if (setup !== undefined) checkFunction(setup, "setup");
  if (teardown !== undefined) checkFunction(teardown, "teardown");
  if (process !== undefined && process !== null) {
    throw invalid("process", "a process", "Pass null for an agent that lives elsewhere, or leave it out.");
  }
  const isElsewhere = process === null;
  if (isElsewhere && (setup !== undefined || teardown !== undefined)) {
    throw invalid("process", null, "Leave setup and teardown out: no process would run them.");
  }
  if (idempotencyKey === undefined) return;
  checkText(idempotencyKey, "idempotencyKey");
  if (!isElsewhere) throw invalid("idempotencyKey", idempotencyKey, "Pass `process: null` with it.");
}

/** What is passed beside who the agent is: how it comes and goes. */
export function besideTheAgent<Handle>({
  setup,
  teardown,
  process,
  idempotencyKey,
}: AttachOptions<Handle>): Omit<AttachOptions<Handle>, "identity" | AboutTheAgent> {
  return {
    ...(setup !== undefined && { setup }),
    ...(teardown !== undefined && { teardown }),
    ...(process !== undefined && { process }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

type AboutTheAgent = "roles" | "kind" | "gyre" | "capabilities" | "heartbeatSeconds";

/** An agent that lives elsewhere: nothing runs here. Durable when it answers. */
export async function attachElsewhere(
  { clock, random, execute }: Pick<SessionHost, "clock" | "random" | "execute">,
  sessionId: string,
  agent: Checked,
  key: string | null,
): Promise<void> {
  const attachmentId = `att_${random.id(clock.now())}`;
  const command = { type: "attach_agent", ...agent, attachmentId, process: null } as const;
  await execute(streamOf(sessionId), command, key);
}

interface Attaching<Handle> {
  readonly host: SessionHost;
  readonly state: SessionState;
  readonly local: LocalAgents;
  readonly agent: Checked;
  readonly context: AgentContext<Handle>;
  readonly options: Pick<AttachOptions<Handle>, "setup" | "teardown">;
}

/** Durable when it answers. When it throws, the agent is not attached, and has been torn down if it was set up. */
export async function attach<Handle>({
  host,
  state,
  local,
  agent,
  context,
  options,
}: Attaching<Handle>): Promise<void> {
  const refusal = refuseAttaching(state, agent);
  if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
  const attachmentId = `att_${host.random.id(host.clock.now())}`;
  const { setup, teardown } = options;
  const leave = async (): Promise<unknown> => await teardown?.(context);
  await setUp(host, agent.agentId, async () => await setup?.(context), leave);
  // Known here before it is durable, so that whoever detaches it at once reaches its teardown.
  local.add(attachmentId, { agentId: agent.agentId, teardown: leave });
  const process = host.processes.self();
  try {
    await host.execute(streamOf(state.sessionId), { type: "attach_agent", ...agent, attachmentId, process });
  } catch (error) {
    local.leave(attachmentId);
    await local.idle();
    throw error;
  }
}

async function setUp(
  { clock }: SessionHost,
  agentId: string,
  setup: () => Promise<unknown>,
  teardown: () => Promise<unknown>,
): Promise<void> {
  const name = JSON.stringify(agentId);
  const what = `The setup of agent ${name} took longer than ${CALLBACK_MS_MAX / 1_000} s.`;
  const late = {
    code: "callback_failed",
    what,
    todo: "The agent is not attached: set up less, or faster.",
  } as const;
  const done = setup();
  try {
    await held(clock, async () => await new BoundedWait({ clock, ms: CALLBACK_MS_MAX, late }).for(done));
  } catch (cause) {
    if (cause instanceof HolodeckError && cause.what === what) {
      // What is set up after all has nobody it belongs to.
      void done.then(teardown).catch(() => undefined);
      throw cause;
    }
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    throw new HolodeckError("callback_failed", {
      what: `The setup of agent ${name} threw${why}.`,
      todo: "The agent is not attached. Mend its setup, then attach it again.",
      cause,
    });
  }
}
