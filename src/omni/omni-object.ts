// One omni object as its user holds it: fields that read and write like any, know what has changed since the last
// `persist()`, and are hidden from who may not read them.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import { frozen, valueFor, type Field, type NamedField } from "./field.ts";
import { isSame, type OmniState } from "./omni-aggregate.ts";

/** Judges who reads and writes fields, at once: by what was decided before, when that takes a while. */
export interface FieldGuard {
  /** Who acts: an agent's name. */
  readonly agent: string;
  /** `resource` is `kind:id.field`. */
  readonly allows: (action: "read" | "write", resource: string) => boolean;
}

/** What an object needs of who made it. */
export interface OmniHost {
  readonly fields: ReadonlyMap<string, Field<unknown>>;
  readonly kind: string;
  readonly now: () => number;
  readonly guard: FieldGuard | null;
  /** Makes changed fields durable; answers the object as its stream then has it. */
  readonly write: (
    stream: StreamId,
    fields: JsonObject,
    by: string | null,
    isNew: boolean,
  ) => Promise<OmniState>;
  /** The object as its stream has it now. */
  readonly read: (stream: StreamId) => Promise<OmniState>;
  /** Another one of the same, with these values, for who has the guard. */
  readonly again: (values: Map<string, Json>, written: Written, guard: FieldGuard) => OmniObject;
}

/** How often it was written, and when last. */
type Written = Pick<OmniState, "version" | "updatedAt">;

/** A watched field has changed. */
export interface FieldChange {
  readonly field: string;
  readonly from: Json;
  readonly to: Json;
}

/** What takes the place of a sensitive value. */
export const HIDDEN = "***";

export class OmniObject {
  /** Where it is kept: `kind:id`. */
  readonly key: StreamId;
  readonly #host: OmniHost;
  readonly #values: Map<string, Json>;
  readonly #dirty = new Set<string>();
  readonly #listeners = new Set<(change: FieldChange) => void>();
  #version = 0;
  /** One write at a time. */
  #persisting: Promise<unknown> = Promise.resolve();
  #updatedAt: number;

  /** Made by an `OmniKind`. */
  constructor(key: StreamId, host: OmniHost, values: Map<string, Json>, state: Written | null) {
    this.key = key;
    this.#host = host;
    this.#values = values;
    this.#version = state?.version ?? 0;
    this.#updatedAt = state?.updatedAt ?? host.now();
    if (state === null) for (const name of values.keys()) this.#dirty.add(name);
  }

  /** How often it was written; 0 before the first `persist()`. */
  get version(): number {
    return this.#version;
  }

  /** When a field last changed, milliseconds since the epoch. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  /** The fields that have changed since the last `persist()`. */
  get dirty(): readonly string[] {
    return [...this.#dirty];
  }

  /** Takes what is changed for written: the next `persist()` writes what changes from now on. */
  clearDirty(): void {
    this.#dirty.clear();
  }

  /** A field's value. Throws `denied` for who may not read it, and `invalid_argument` for one it does not have. */
  get(name: string): Json {
    const { name: full } = this.#named(name);
    if (!this.#mayRead(name)) throw denied("read", full);
    return this.#values.get(name) ?? null;
  }

  /**
   * Gives a field a value: transformed, coerced and judged as declared. An equal value changes nothing. Throws
   * `invalid_argument` or `denied`, and then it is as it was; so it is when its `before` throws.
   */
  set(name: string, given: unknown): void {
    const named = this.#named(name);
    if (this.#host.guard?.allows("write", `${this.key}.${name}`) === false) throw denied("write", named.name);
    const next = valueFor(named, given);
    const previous = this.#values.get(name) ?? null;
    if (isSame(next, previous)) return;
    const { options } = named.field;
    options.before?.(next, previous);
    this.#values.set(name, next);
    this.#dirty.add(name);
    this.#updatedAt = Math.max(this.#updatedAt, this.#host.now());
    options.after?.(next, previous);
    if (named.field.isWatched) this.#tell({ field: name, from: previous, to: next });
  }

  /** Calls `listener` after each change of a watched field. Answers what stops it. */
  on(listener: (change: FieldChange) => void): () => void {
    const call = (change: FieldChange): void => listener(change);
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  /** What may be shown to who looks after it: each field with what it means; a sensitive value is `***`. */
  status(): JsonObject {
    const fields = [...this.#host.fields].flatMap(([name, { options }]) => {
      if (!this.#mayRead(name)) return [];
      const value = options.sensitive === true ? HIDDEN : (this.#values.get(name) ?? null);
      const { description } = options;
      const told = { value, dirty: this.#dirty.has(name), ...(description !== undefined && { description }) };
      return [[name, told] as const];
    });
    return {
      key: this.key,
      version: this.#version,
      updated_at: this.#updatedAt,
      fields: Object.fromEntries(fields),
    };
  }

  /** Its fields as `fromJSON` takes them: those that are to be included, and may be read. */
  toJSON(): JsonObject {
    const shown = [...this.#host.fields].filter(
      ([name, { options }]) => options.includeInDict !== false && this.#mayRead(name),
    );
    return Object.fromEntries(shown.map(([name]) => [name, this.#values.get(name) ?? null]));
  }

  /**
   * Makes what has changed durable, as one event with the changed fields alone, and takes in what others have changed
   * meanwhile. Answers the key to rehydrate it by. Throws `conflict` when a new object's id is taken.
   */
  async persist(): Promise<StreamId> {
    const persisted = this.#persisting.then(async () => await this.#write());
    this.#persisting = persisted.catch(() => undefined);
    await persisted;
    return this.key;
  }

  /** Takes in what others have changed meanwhile; what was changed here and is not persisted stays. */
  async refresh(): Promise<void> {
    await this.#persisting;
    this.#takeInAll(await this.#host.read(this.key));
  }

  /**
   * It as it stands here, for who has the guard: what is set there is its own until it is persisted. Throws `denied`
   * for one that is guarded itself.
   */
  guardedBy(guard: FieldGuard): OmniObject {
    if (this.#host.guard !== null) throw denied("read", this.key);
    const written = { version: this.#version, updatedAt: this.#updatedAt };
    return this.#host.again(new Map(this.#values), written, guard);
  }

  async #write(): Promise<void> {
    const written = new Map([...this.#dirty].map((name) => [name, this.#values.get(name) ?? null]));
    if (written.size === 0 && this.#version > 0) return;
    const by = this.#host.guard?.agent ?? null;
    const state = await this.#host.write(this.key, Object.fromEntries(written), by, this.#version === 0);
    for (const [name, value] of written) if (isSame(this.#values.get(name), value)) this.#dirty.delete(name);
    this.#takeInAll(state);
  }

  #takeInAll({ version, updatedAt, fields }: OmniState): void {
    this.#version = version;
    this.#updatedAt = Math.max(this.#updatedAt, updatedAt);
    for (const [name, value] of fields) this.#takeIn(name, value);
  }

  #takeIn(name: string, value: Json): void {
    const field = this.#host.fields.get(name);
    const previous = this.#values.get(name) ?? null;
    if (field === undefined || this.#dirty.has(name) || isSame(previous, value)) return;
    this.#values.set(name, frozen(value));
    if (field.isWatched) this.#tell({ field: name, from: previous, to: value });
  }

  /** A listener that throws harms neither the object nor its neighbours. */
  #tell(change: FieldChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch {
        // It is the listener's own failure: the change stands.
      }
    }
  }

  #mayRead(name: string): boolean {
    return this.#host.guard?.allows("read", `${this.key}.${name}`) !== false;
  }

  #named(name: string): NamedField {
    const field = this.#host.fields.get(name);
    if (field !== undefined) return { name: `${this.#host.kind}.${name}`, field };
    throw new HolodeckError("invalid_argument", {
      what: `A ${this.#host.kind} has no field ${JSON.stringify(name)}.`,
      todo: `It has ${[...this.#host.fields.keys()].join(", ")}.`,
    });
  }
}

function denied(action: "read" | "write", name: string): HolodeckError {
  return new HolodeckError("denied", {
    what: `${name} may not be ${action === "read" ? "read" : "written"} here.`,
    todo: `Grant ${action} on it, or ask who may.`,
  });
}
