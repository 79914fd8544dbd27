// JSON Schema in words: a schema's fields as rows, a type as a few words.
import type { Json, JsonObject } from "../../event/json.ts";

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly text: string;
}

/** The fields of an object, and of the objects in it: `retries.max`. */
export function fieldsOf(schema: JsonObject, before = ""): readonly Field[] {
  const required = (schema["required"] ?? []) as readonly Json[];
  return Object.entries((schema["properties"] ?? {}) as JsonObject).flatMap(([name, value]) => {
    const property = (value ?? {}) as JsonObject;
    const { description } = property;
    const field: Field = {
      name: before + name,
      type: typeText(property),
      isRequired: required.includes(name),
      text: typeof description === "string" ? description : "",
    };
    return [field, ...fieldsOf(property, `${before}${name}.`), ...fieldsOfItems(property, before + name)];
  });
}

function fieldsOfItems({ items }: JsonObject, name: string): readonly Field[] {
  return items === undefined ? [] : fieldsOf(items as JsonObject, `${name}[].`);
}

/** `text`, `list of Task`, `"open" or "failed"`, `number or null`. */
export function typeText(schema: JsonObject): string {
  const { $ref, anyOf, type, items, enum: values, format } = schema;
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" or ");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(anyOf)) return [...new Set((anyOf as JsonObject[]).map(typeText))].join(" or ");
  if (Array.isArray(type))
    return type.map((one) => typeText({ ...schema, type: one as string })).join(" or ");
  switch (type) {
    case "string":
      return format === "date-time" ? "time" : "text";
    case "integer":
      return `whole number${bounds(schema)}`;
    case "array":
      return `list of ${typeText((items ?? {}) as JsonObject)}`;
    case undefined:
      return "any JSON";
    default:
      return typeof type === "string" ? type : "any JSON";
  }
}

/** Bounds that are not just those of what a number can be. */
function bounds({ minimum, maximum }: JsonObject): string {
  const low = typeof minimum === "number" && minimum > -Number.MAX_SAFE_INTEGER ? minimum : null;
  const high = typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER ? maximum : null;
  if (low !== null && high !== null) return `, ${grouped(low)} to ${grouped(high)}`;
  return low === null ? "" : `, from ${grouped(low)}`;
}

/** `1,000,000` */
function grouped(value: number): string {
  return value.toLocaleString("en");
}
