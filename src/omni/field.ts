// A declared field of an omni object: what values it takes, what it is when nothing was given, who may see it, and
// what is called when it changes. A schema is any that follows Standard Schema (https://standardschema.dev), as zod's
// do; what it answers must be plain JSON, for that is what is stored.
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson, type Json } from "../event/json.ts";

/** The part of a Standard Schema, version 1, that is used here. It must answer at once: no promise. */
export interface Schema<Value> {
  readonly "~standard": {
    readonly validate: (value: unknown) => SchemaResult<Value> | Promise<SchemaResult<Value>>;
  };
}

type SchemaResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

export interface FieldOptions<Value> {
  /** What it is when nothing was given. Without one, `create` must be given a value. */
  readonly default?: NoInfer<Value>;
  /** For people: what it means. */
  readonly description?: string;
  /** Makes of what was given what the schema is shown. */
  transform?(given: unknown): unknown;
  /** Shown as `***` in `status()` and in audits, and left out of messages. It is stored as it is. Default false. */
  readonly sensitive?: boolean;
  /** Whether `toJSON()` has it. Default true. It is stored all the same. */
  readonly includeInDict?: boolean;
  /** Judges what the schema let through: true, or a sentence that says what is wrong. */
  validate?(value: NoInfer<Value>): true | string;
  /** Called before it changes; throws to keep it as it is. */
  before?(next: NoInfer<Value>, previous: NoInfer<Value>): void;
  /** Called after it has changed. */
  after?(value: NoInfer<Value>, previous: NoInfer<Value>): void;
}

export interface Field<Value> {
  readonly schema: Schema<Value>;
  readonly options: FieldOptions<Value>;
  /** Whether who listens to the object is told of its changes. */
  readonly isWatched: boolean;
}

/** What an object is made of. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of declared fields by their names. */
export type Values<F extends Fields> = {
  -readonly [Name in keyof F]: F[Name] extends { readonly schema: Schema<infer Value> } ? Value : never;
};

/** A field that is stored, and of whose changes listeners are told. */
export function watch<Value>(schema: Schema<Value>, options: FieldOptions<Value> = {}): Field<Value> {
  return { schema, options, isWatched: true };
}

/** A field that is stored, and of whose changes nobody is told: a counter, a note to oneself. */
export function persist<Value>(schema: Schema<Value>, options: FieldOptions<Value> = {}): Field<Value> {
  return { schema, options, isWatched: false };
}

/** A field with its full name, `note.title`, for messages. */
export interface NamedField {
  readonly name: string;
  readonly field: Field<unknown>;
}

/** The value a field takes for what was given: transformed, coerced by its schema, judged. Throws `invalid_argument`. */
export function valueFor({ name, field }: NamedField, given: unknown): Json {
  const { schema, options } = field;
  const transformed = options.transform === undefined ? given : options.transform(given);
  const result = schema["~standard"].validate(transformed);
  if (result instanceof Promise)
    throw refused(name, "has a schema that answers later", "Use one that answers at once.");
  if (result.issues !== undefined) {
    const why =
      options.sensitive === true ? "is not what its schema allows" : `: ${issueText(result.issues)}`;
    throw refused(name, why, "Pass a value that its schema allows.");
  }
  const verdict = options.validate?.(result.value) ?? true;
  if (verdict !== true) throw refused(name, `is refused: ${verdict}`, "Pass a value that is allowed.");
  assertPlainJson(result.value, name);
  return frozen(JSON.parse(JSON.stringify(result.value)) as Json);
}

/** What is not given to `set` would be lost: so a value is changed by giving another. */
export function frozen(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) frozen(member ?? null);
  return Object.freeze(value);
}

/** The value of a field that nobody gave. Throws `invalid_argument` when it has no default. */
export function defaultOf({ name, field }: NamedField): Json {
  const { options } = field;
  if (!("default" in options)) throw refused(name, "is missing, and has no default", `Pass ${name}.`);
  return valueFor({ name, field: { ...field, options: { ...options, transform: same } } }, options.default);
}

function same(value: unknown): unknown {
  return value;
}

function issueText(issues: readonly { readonly message: string }[]): string {
  return issues
    .map(({ message }) => message)
    .join("; ")
    .slice(0, 500);
}

function refused(name: string, why: string, todo: string): HolodeckError {
  const what = why.startsWith(":") ? `${name} is not allowed${why}.` : `${name} ${why}.`;
  return new HolodeckError("invalid_argument", { what, todo });
}
