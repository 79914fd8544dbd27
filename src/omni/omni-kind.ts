// A kind of omni object: its name and its declared fields, and how its objects are made, found and looked back upon.
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId, streamKind, type StreamId } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { EventLog } from "../event/log.ts";
import { Runtime } from "../event/runtime.ts";
import { defaultOf, frozen, valueFor, type Field, type Fields, type Values } from "./field.ts";
import { omniAggregate, type FieldsWritten, type OmniAggregate, type OmniState } from "./omni-aggregate.ts";
import { HIDDEN, OmniObject, type FieldGuard, type OmniHost } from "./omni-object.ts";

/** Where objects are kept, by whose clock, and who judges their fields; whoever manages objects says it once. */
export interface OmniPorts {
  readonly store: EventLog;
  readonly moment: () => Moment;
  /** Default: every field may be read and written. */
  readonly guard?: FieldGuard;
}

/** An object with its fields as members. */
export type Omni<F extends Fields> = OmniObject & Values<F>;

/** One write of an object: what its fields became. Sensitive values are `***`. */
export interface AuditEntry {
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: string | null;
  readonly fields: JsonObject;
}

/** Kinds of streams that hold something else. */
export const KINDS_TAKEN: ReadonlySet<string> = new Set([
  "account",
  "chem",
  "cursor",
  "decisions",
  "fleet",
  "identity",
  "keys",
  "outbox",
  "policy",
  "recovery",
  "requests",
  "role",
  "room",
  "session",
  "webhook",
]);

const NAME = /^[a-z][a-zA-Z0-9_]{0,63}$/;

export class OmniKind<F extends Fields> {
  readonly kind: string;
  readonly #fields: ReadonlyMap<string, Field<unknown>>;
  readonly #aggregate: OmniAggregate;
  /** Has the fields as accessors, so that an object reads like any other. */
  readonly #Object: typeof OmniObject;

  /** Throws `invalid_argument` for a name that is none, or that every object has already. */
  constructor(kind: string, fields: F) {
    streamId(kind, "any");
    if (KINDS_TAKEN.has(kind)) throw takenKind(kind);
    for (const name of Object.keys(fields)) {
      if (!NAME.test(name) || name in OmniObject.prototype || name === "key") throw badName(kind, name);
    }
    this.kind = kind;
    this.#fields = new Map(Object.entries(fields));
    this.#aggregate = omniAggregate(kind);
    this.#Object = classWith([...this.#fields.keys()]);
  }

  /** The names of its fields, as they were declared. */
  get fields(): readonly (keyof F & string)[] {
    return [...this.#fields.keys()];
  }

  /** A new object; `persist()` makes it durable. Throws `invalid_argument` for values its fields do not take. */
  create(id: string, values: Partial<Values<F>>, ports: OmniPorts): Omni<F> {
    return this.#object(this.keyOf(id), this.#readAll(values), null, ports);
  }

  /** A new object from what `toJSON` gave. */
  fromJSON(id: string, json: JsonObject, ports: OmniPorts): Omni<F> {
    return this.#object(this.keyOf(id), this.#readAll(json), null, ports);
  }

  /** The object that `persist()` gave the key of. Throws `not_found`. */
  async rehydrate(key: string, ports: OmniPorts): Promise<Omni<F>> {
    return await this.#past(key, Number.POSITIVE_INFINITY, ports);
  }

  /** The object as it was when it had been written so often, to be looked at. Throws `not_found`. */
  async at(key: string, version: number, ports: OmniPorts): Promise<JsonObject> {
    if (!Number.isSafeInteger(version) || version < 1) throw notFound(key, version);
    return (await this.#past(key, version, ports)).toJSON();
  }

  /** Its writes, the oldest first; fields that may not be read are left out. */
  async audit(key: string, { store, guard }: OmniPorts): Promise<readonly AuditEntry[]> {
    const stream = this.#streamOf(key);
    const entries: AuditEntry[] = [];
    const aggregate = this.#aggregate;
    const onEvent = ({
      seq,
      at,
      data,
    }: FieldsWritten & { readonly seq: number; readonly at: number }): void => {
      const shown = Object.entries(data.fields).filter(
        ([name]) => guard?.allows("read", `${stream}.${name}`) !== false,
      );
      const fields = Object.fromEntries(shown.map(([name, value]) => [name, this.#shown(name, value)]));
      entries.push({ version: seq, at, by: data.by, fields });
    };
    const from = { state: aggregate.initial(), seq: 0, hash: null, at: 0, snapshotSeq: 0 };
    await fold({ aggregate, log: store, stream, from, onEvent });
    if (entries.length === 0) throw notFound(key);
    return entries;
  }

  /** Where an object with this id is kept. */
  keyOf(id: string): StreamId {
    return streamId(this.kind, id);
  }

  async #past(key: string, throughSeq: number, ports: OmniPorts): Promise<Omni<F>> {
    const stream = this.#streamOf(key);
    const folded = await fold({ aggregate: this.#aggregate, log: ports.store, stream, throughSeq });
    const isThere = folded.seq > 0 && (throughSeq === Number.POSITIVE_INFINITY || folded.seq === throughSeq);
    if (!isThere) throw notFound(key, throughSeq);
    const values = new Map([...folded.state.fields].map(([name, value]) => [name, frozen(value)] as const));
    // A field that was declared later is what it is by default.
    for (const [name, field] of this.#fields)
      if (!values.has(name)) values.set(name, defaultOf({ name: `${this.kind}.${name}`, field }));
    return this.#object(stream, values, folded.state, ports);
  }

  #object(key: StreamId, values: Map<string, Json>, state: OmniState | null, ports: OmniPorts): Omni<F> {
    const { store, moment, guard = null } = ports;
    const runtime = new Runtime({ aggregate: this.#aggregate, log: store, moment });
    const host: OmniHost = {
      fields: this.#fields,
      kind: this.kind,
      now: () => moment().now,
      guard,
      write: async (stream, fields, by, isNew) => {
        const { refusal } = await runtime.execute(stream, { type: "write_fields", fields, by, isNew });
        if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
        return await runtime.refresh(stream);
      },
      read: async (stream) => await runtime.refresh(stream),
      again: (own, written, judge) => new this.#Object(key, { ...host, guard: judge }, own, written),
    };
    // The class has an accessor for each field.
    return new this.#Object(key, host, values, state) as Omni<F>;
  }

  #readAll(given: Readonly<Record<string, unknown>>): Map<string, Json> {
    const unknown = Object.keys(given).find((name) => !this.#fields.has(name));
    if (unknown !== undefined) throw badField(this.kind, unknown, [...this.#fields.keys()]);
    return new Map(
      [...this.#fields].map(([name, field]) => {
        const named = { name: `${this.kind}.${name}`, field };
        const value = given[name];
        return [name, value === undefined ? defaultOf(named) : valueFor(named, value)];
      }),
    );
  }

  #shown(name: string, value: Json | undefined): Json {
    return this.#fields.get(name)?.options.sensitive === true ? HIDDEN : (value ?? null);
  }

  #streamOf(key: string): StreamId {
    if (typeof key === "string" && key.startsWith(`${this.kind}:`))
      return streamId(this.kind, key.slice(this.kind.length + 1));
    throw new HolodeckError("invalid_argument", {
      what: `${JSON.stringify(key)} is no key of a ${this.kind}.`,
      todo: `Pass what persist() answered; its kind is ${typeof key === "string" && key.includes(":") ? streamKind(key as StreamId) : "missing"}.`,
    });
  }
}

function classWith(names: readonly string[]): typeof OmniObject {
  class WithFields extends OmniObject {}
  for (const name of names) {
    Object.defineProperty(WithFields.prototype, name, {
      enumerable: true,
      get(this: OmniObject) {
        return this.get(name);
      },
      set(this: OmniObject, value: unknown) {
        this.set(name, value);
      },
    });
  }
  return WithFields;
}

function notFound(key: string, version = Number.POSITIVE_INFINITY): HolodeckError {
  const which = Number.isFinite(version) ? `No version ${version} of ${key}` : `No object ${key}`;
  return new HolodeckError("not_found", {
    what: `${which} is in this store.`,
    todo: "Check the key and the store.",
  });
}

function takenKind(kind: string): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `${kind} cannot be a kind of objects: streams of that kind hold something else.`,
    todo: "Choose another name for the kind.",
  });
}

function badName(kind: string, name: string): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `${JSON.stringify(name)} cannot name a field of a ${kind}.`,
    todo: "Use up to 64 letters, digits and _, beginning with a small letter, and no name that every object has.",
  });
}

function badField(kind: string, name: string, known: readonly string[]): HolodeckError {
  return new HolodeckError("invalid_argument", {
    what: `A ${kind} has no field ${JSON.stringify(name)}.`,
    todo: `It has ${known.join(", ")}.`,
  });
}
