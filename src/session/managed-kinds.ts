// The kinds of objects that a handle of a session manages.
import type { Fields } from "../omni/field.ts";
import type { OmniKind } from "../omni/omni-kind.ts";
import { ManagedObjects, type ObjectSession } from "./managed-objects.ts";

export class ManagedKinds {
  readonly #session: ObjectSession;
  readonly #kinds = new Map<object, Pick<ManagedObjects<Fields>, "persist">>();

  constructor(session: ObjectSession) {
    this.#session = session;
  }

  /** The same for the same kind. */
  of<F extends Fields>(kind: OmniKind<F>): ManagedObjects<F> {
    // Under each kind stands what was made for it.
    const known = this.#kinds.get(kind) as ManagedObjects<F> | undefined;
    if (known !== undefined) return known;
    const objects = new ManagedObjects(kind, this.#session);
    this.#kinds.set(kind, objects);
    return objects;
  }

  /** Whether it is this very kind that was asked for, and not one that is only called so. */
  has(kind: object): boolean {
    return this.#kinds.has(kind);
  }

  /** Makes durable what has changed in all of them. */
  async persist(): Promise<void> {
    await Promise.all([...this.#kinds.values()].map(async (objects) => await objects.persist()));
  }
}
