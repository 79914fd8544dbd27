// What a session's handle needs of the manager it belongs to, and what a manager needs of the machine.
import type { Clock } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";
import type { Untimed } from "../event/runtime.ts";
import type { HolodeckError } from "../event/error.ts";
import type { Store } from "../store/port.ts";
import type { SessionCommand } from "./commands.ts";
import type { ProcessIdentity } from "./events.ts";
import type { SessionState } from "./state.ts";

/** Processes as the machine knows them. */
export interface Processes {
  /** This process. */
  self(): ProcessIdentity;
  /** Whether that very process still lives. One on another host or from before a reboot is not found alive. */
  isAlive(process: ProcessIdentity): boolean;
}

/** The source of ids. */
export interface Random {
  /** An id that sorts by time, 26 lower-case letters and digits. */
  id(now: number): string;
}

/** What a command came to. */
export interface Done {
  readonly state: SessionState;
  /** An earlier command with the same key did it. */
  readonly repeated: boolean;
}

export interface SessionHost {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly random: Random;
  store(): Promise<Store>;
  /** Decides a command and makes it durable; a refusal is thrown as a `HolodeckError`. */
  execute(stream: StreamId, command: Untimed<SessionCommand>, key?: string | null): Promise<Done>;
  refresh(sessionId: string): Promise<SessionState>;
  /** Tells of trouble that must not disturb the caller, such as a callback that throws. */
  report(problem: HolodeckError): void;
}
