// Who is asking, as the door found out, and what that lets them do.
import type { KeyAgent } from "../trust/key-aggregate.ts";

export type PrincipalRole = "observer" | "agent" | "operator";

export interface Principal {
  readonly name: string;
  readonly role: PrincipalRole;
  /** Null for all. */
  readonly sessions: readonly string[] | null;
  /** Null for all. */
  readonly rooms: readonly string[] | null;
  /** As whom it is judged in sessions; it sees none otherwise, nor a room. Left out: it acts by its role alone. */
  readonly agent?: KeyAgent;
}

/** Who asks on loopback when no key is configured. */
export const LOCAL_OPERATOR: Principal = { name: "local", role: "operator", sessions: null, rooms: null };

/** What Hono carries from the door to the endpoints. */
export interface ServerEnv {
  Variables: { principal: Principal };
}

export function seesSession({ sessions }: Principal, id: string): boolean {
  return sessions === null || sessions.includes(id);
}

export function seesRoom({ rooms }: Principal, name: string): boolean {
  return rooms === null || rooms.includes(name);
}

export function mayWrite({ role }: Principal): boolean {
  return role !== "observer";
}

export function mayOperate({ role }: Principal): boolean {
  return role === "operator";
}
