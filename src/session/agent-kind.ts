// What an attached agent is to the others.

/** `gyre` coordinates others; `drift` acts through its gyre, and can do nothing its gyre could not. */
export type AgentKind = "agent" | "gyre" | "drift";

export const AGENT_KINDS = ["agent", "gyre", "drift"] as const satisfies readonly AgentKind[];
