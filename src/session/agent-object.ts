// An object of a session as an agent may use it. Each call is judged field by field when it is made, and then done on the
// object as its stream has it: what an agent is shown are copies, and what it writes is durable when it answers.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Fields, Values } from "../omni/field.ts";
import type { AuditEntry, Omni, OmniKind } from "../omni/omni-kind.ts";
import type { FieldGuard, OmniObject } from "../omni/omni-object.ts";
import type { Resource } from "../trust/decision.ts";
import type { Asker } from "./asker.ts";
import { checkJsonObject } from "./input.ts";
import type { ObjectSession } from "./managed-objects.ts";
import { objectFacts, objectResource, partResource } from "./resource.ts";

interface AgentObjectParts<F extends Fields> {
  readonly kind: OmniKind<F>;
  readonly id: string;
  readonly asker: Asker;
  readonly session: ObjectSession;
}

/** `action` on the fields named, and nothing else: what has just been decided. */
interface Granted {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
}

export class AgentObject<F extends Fields> {
  readonly #parts: AgentObjectParts<F>;
  /** Where it is kept: `kind:id`. */
  readonly key: StreamId;
  /** As it was last read: the next call reads what is new alone. */
  #known: Promise<Omni<F>> | null = null;

  /** Made by an agent's `session.object(kind, id)`. */
  constructor(parts: AgentObjectParts<F>) {
    this.#parts = parts;
    this.key = parts.kind.keyOf(parts.id);
  }

  /**
   * Makes it, under the agent's name. Asks to `add` it to the session's objects, and to `write` each field that is given.
   * Refused: `denied`, and then as `session.manage(kind).create`.
   */
  async create(values: Partial<Values<F>> = {}): Promise<void> {
    const { kind, id, asker, session } = this.#parts;
    const given = { ...values };
    const resource = partResource(session.sessionId, "objects", kind.kind, id);
    await asker.ask("add", { id: resource, attributes: objectFacts(kind.kind) });
    await this.#askEach("write", Object.keys(given));
    await session.create(kind, { id, values: given, guard: this.#guardOf({}) });
  }

  /** A field's value. */
  async read<Name extends keyof F & string>(name: Name): Promise<Values<F>[Name]> {
    await this.#askEach("read", [name]);
    const object = await this.#object({ read: [name] });
    // The schema has judged it when it was written.
    return structuredClone(object.get(name)) as Values<F>[Name];
  }

  /** Gives fields their values, all or none; durable when it answers. What is equal is not written. */
  async write(values: Partial<Values<F>>): Promise<void> {
    // What was judged is what is written: `values` are the asker's to change meanwhile.
    const given = checkJsonObject(values, "values");
    const names = Object.keys(given);
    await this.#askEach("write", names);
    const object = await this.#object({ write: names });
    for (const name of names) object.set(name, given[name]);
    await object.persist();
  }

  /** The fields it may read, as `toJSON` has them. Refused when there are none, as are the calls below. */
  async readAll(): Promise<JsonObject> {
    return structuredClone((await this.#readable()).toJSON());
  }

  /** The fields it may read, with what they mean; a sensitive value is `***`. */
  async status(): Promise<JsonObject> {
    return structuredClone((await this.#readable()).status());
  }

  /** The fields it may read, as they were when the object had been written so often. */
  async at(version: number): Promise<JsonObject> {
    const guard = this.#guardOf({ read: await this.#readableFields() });
    const { kind, session } = this.#parts;
    await session.managedKey(kind, this.key);
    return structuredClone(await kind.at(this.key, version, await session.ports(guard)));
  }

  /** The writes of fields it may read, the oldest first. */
  async audit(): Promise<readonly AuditEntry[]> {
    const guard = this.#guardOf({ read: await this.#readableFields() });
    const { kind, session } = this.#parts;
    await session.managedKey(kind, this.key);
    const entries = await kind.audit(this.key, await session.ports(guard));
    return structuredClone(entries.filter(({ fields }) => Object.keys(fields).length > 0));
  }

  async #readable(): Promise<OmniObject> {
    return await this.#object({ read: await this.#readableFields() });
  }

  /** Which it may read. Throws `denied` when it is none. */
  async #readableFields(): Promise<readonly string[]> {
    const { kind, asker } = this.#parts;
    const names = await asker.readable(kind.fields, (name) => this.#field(name));
    // What is shown is asked for by name: it is recorded as any other.
    await this.#askEach("read", names);
    return names;
  }

  async #askEach(action: "read" | "write", names: readonly string[]): Promise<void> {
    const { asker } = this.#parts;
    // Nothing is asked for all the same, or it would tell whether the object is there.
    if (names.length === 0) await asker.ask(action, objectResource(this.key));
    await Promise.all(names.map(async (name) => await asker.ask(action, this.#field(name))));
  }

  /** As its stream has it. Throws `not_found` when the session does not manage it. */
  async #object(granted: Granted): Promise<OmniObject> {
    const { kind, session } = this.#parts;
    await session.managedKey(kind, this.key);
    this.#known ??= this.#readFirst();
    const known = await this.#known;
    await known.refresh();
    return known.guardedBy(this.#guardOf(granted));
  }

  async #readFirst(): Promise<Omni<F>> {
    const { kind, session } = this.#parts;
    try {
      return await kind.rehydrate(this.key, await session.ports());
    } catch (error) {
      this.#known = null;
      throw error;
    }
  }

  #guardOf({ read = [], write = [] }: Granted): FieldGuard {
    const granted = { read: new Set(read), write: new Set(write) };
    return {
      agent: this.#parts.asker.agentId,
      allows: (action, resource) => granted[action].has(resource.slice(this.key.length + 1)),
    };
  }

  #field(name: string): Resource {
    const { kind } = this.#parts;
    if (!kind.fields.includes(name)) throw unknownField(kind.kind, name, kind.fields);
    return { id: objectResource(this.key, name), attributes: objectFacts(kind.kind, name) };
  }
}

function unknownField(kind: string, name: string, known: readonly string[]): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `A ${kind} has no field ${JSON.stringify(name.slice(0, 80))}.`,
    todo: `It has ${known.join(", ")}.`,
  });
}
