// An omni object as a stream, `kind:id`: each event holds the fields that changed and nothing else, so its versions
// and its audit are read from the stream.
import type { Aggregate, Decision, Timed } from "../event/decider.ts";
import type { JsonObject, Json } from "../event/json.ts";
import type { Head } from "../event/log.ts";

/** What is known of an object from its stream. */
export interface OmniState {
  readonly kind: string;
  /** How often it was written; 0 before the first time. */
  version: number;
  createdAt: number;
  updatedAt: number;
  readonly fields: Map<string, Json>;
}

export interface WriteFields extends Timed {
  readonly type: "write_fields";
  /** What is to be true; of it only what differs is written. */
  readonly fields: JsonObject;
  /** Who changes it: an agent's name. */
  readonly by: string | null;
  /** True for an object that must not be there yet. */
  readonly isNew: boolean;
}

export type FieldsWritten = {
  readonly type: "fields_written";
  readonly room: null;
  readonly data: { readonly fields: JsonObject; readonly by: string | null };
};

export type OmniAggregate = Aggregate<OmniState, WriteFields, FieldsWritten>;

/** The aggregate of one kind of object. */
export function omniAggregate(kind: string): OmniAggregate {
  return {
    initial: () => ({ kind, version: 0, createdAt: 0, updatedAt: 0, fields: new Map() }),
    decide,
    evolve: (state, { data, at }) => {
      if (state.version === 0) state.createdAt = at;
      state.version++;
      state.updatedAt = at;
      for (const [name, value] of Object.entries(data.fields)) state.fields.set(name, value ?? null);
      return state;
    },
    settle: () => null,
    head,
    snapshot: {
      version: 1,
      save: ({ fields, ...state }) => ({ ...state, fields: [...fields] }),
      load: (json) => {
        const { fields, ...state } = json as unknown as Omit<OmniState, "fields"> & {
          readonly fields: readonly (readonly [string, Json])[];
        };
        return { ...state, fields: new Map(fields) };
      },
    },
  };
}

function decide(state: OmniState, { fields, by, isNew }: WriteFields): Decision<FieldsWritten> {
  if (isNew && state.version > 0) {
    return {
      code: "conflict",
      what: `That ${state.kind} is there already.`,
      todo: "Rehydrate it, or choose another id.",
    };
  }
  const changed = Object.entries(fields).filter(([name, value]) => !isSame(state.fields.get(name), value));
  if (changed.length === 0 && !isNew) return [];
  return [{ type: "fields_written", room: null, data: { fields: Object.fromEntries(changed), by } }];
}

function head({ kind, version, createdAt, updatedAt }: OmniState): Head {
  return {
    kind,
    status: "kept",
    createdAt,
    dueAt: null,
    labels: ["omni"],
    summary: { version, updated_at: updatedAt },
  };
}

/** Values are plain JSON, in the order their schema gives it. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
