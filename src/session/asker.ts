// An agent's questions to its session's guard, as its handles ask them.
import type { Decision, Resource } from "../trust/decision.ts";
import { denied, unmetTerms } from "./denied.ts";
import type { Guard } from "./guard.ts";

interface AskerParts {
  readonly agentId: string;
  readonly guard: Guard;
}

export class Asker {
  readonly #agentId: string;
  readonly #guard: Guard;

  constructor({ agentId, guard }: AskerParts) {
    this.#agentId = agentId;
    this.#guard = guard;
  }

  /** Under whose name it is asked. */
  get agentId(): string {
    return this.#agentId;
  }

  /** Throws `denied` unless it may, without terms: those beyond a capability are not for a handle to keep. */
  async ask(action: string, resource: string | Resource): Promise<void> {
    const question = { agentId: this.#agentId, action, resource };
    const decision = await this.#guard.decide(question);
    if (!decision.allow) throw denied(question, decision);
    if (!isWithoutTerms(decision)) throw unmetTerms(question, decision);
  }

  async may(action: string, resource: string): Promise<boolean> {
    const agentId = this.#agentId;
    return isWithoutTerms(await this.#guard.decide({ agentId, action, resource }));
  }

  /** Those of a list that it may read. */
  async readable<Item>(
    items: readonly Item[],
    resourceOf: (item: Item) => string | Resource,
  ): Promise<readonly Item[]> {
    const agentId = this.#agentId;
    const decisions = await Promise.all(
      items.map(async (item) => this.#guard.filter({ agentId, action: "read", resource: resourceOf(item) })),
    );
    return items.filter((_, index) => isWithoutTerms(decisions[index]));
  }
}

function isWithoutTerms(decision: Decision | undefined): boolean {
  return decision?.allow === true && decision.obligations.every(({ kind }) => kind === "capability");
}
