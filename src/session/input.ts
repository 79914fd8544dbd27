// Checks what callers pass, before anything happens. Each check answers the value or throws `invalid_argument` with
// what was passed and what to pass instead.
import { HolodeckError } from "../event/error.ts";
import { assertPlainJson, type Json, type JsonObject } from "../event/json.ts";

/** The longest name, id, tag or capability, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 256;

/** The longest timeout: ten years, in seconds. */
export const TIMEOUT_SECONDS_MAX = 10 * 366 * 24 * 3_600;

export function invalid(name: string, value: unknown, todo: string): HolodeckError {
  return new HolodeckError("invalid_argument", { what: `${name} is ${show(value)}.`, todo });
}

/** Options: an object with no key but those that are known, for a misspelt one would be a wish nobody hears. */
export function checkKeys<Options extends object>(
  options: Options,
  name: string,
  known: readonly (keyof Options & string)[],
): Options {
  const given: unknown = options;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalid(name, given, `Pass an object, or leave it out. It may have ${known.join(", ")}.`);
  }
  const unknown = Object.keys(given).find((key) => !known.some((one) => one === key));
  if (unknown === undefined) return options;
  throw invalid(`${name}.${unknown.slice(0, 80)}`, "not an option", `Use ${known.join(", ")}.`);
}

/** Text of 1 to 256 characters with none that cannot be printed. */
export function checkText(value: unknown, name: string): string {
  const fits =
    typeof value === "string" &&
    value.trim() !== "" &&
    value.length <= TEXT_LENGTH_MAX &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value);
  if (!fits) throw invalid(name, value, `Pass text of 1 to ${TEXT_LENGTH_MAX} printable characters.`);
  return value;
}

export function checkTexts(value: unknown, name: string, countMax = 100): readonly string[] {
  if (!Array.isArray(value) || value.length > countMax) {
    throw invalid(name, value, `Pass a list of at most ${countMax} texts.`);
  }
  return value.map((item: unknown, index) => checkText(item, `${name}[${index}]`));
}

/** Free text, such as an error's message: any characters, cut to 4,096. */
export function checkMessage(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw invalid(name, value, "Pass text.");
  // The cut may part a surrogate pair.
  return value.slice(0, 4_096).toWellFormed();
}

export function checkInteger(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(name, value, `Pass a whole number from ${min} to ${max}.`);
  }
  return value;
}

/** Seconds above 0, up to ten years; fractions count. */
export function checkSeconds(value: unknown, name: string): number {
  if (typeof value !== "number" || !(value > 0) || value > TIMEOUT_SECONDS_MAX) {
    throw invalid(name, value, `Pass seconds above 0, at most ${TIMEOUT_SECONDS_MAX}.`);
  }
  return value;
}

/** Milliseconds from 0 on; null when left out. */
export function checkDuration(value: unknown, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw invalid(name, value, "Pass milliseconds from 0 on, or leave it out.");
  }
  return value;
}

export function checkOneOf<Value extends string>(
  value: unknown,
  name: string,
  values: readonly Value[],
): Value {
  const found = values.find((one) => one === value);
  if (found === undefined) throw invalid(name, value, `Pass one of ${values.join(", ")}.`);
  return found;
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw invalid(name, value, "Pass true or false.");
  return value;
}

export function checkFunction<Callback>(value: Callback, name: string): Callback {
  if (typeof value !== "function") throw invalid(name, value, "Pass a function.");
  return value;
}

export function checkJson(value: unknown, name: string): Json {
  try {
    assertPlainJson(value, name);
    return value;
  } catch (error) {
    // It is no event yet: who passed it is told in the words of what was passed.
    if (error instanceof HolodeckError && error.code === "invalid_event") {
      throw new HolodeckError("invalid_argument", { what: error.what, todo: error.todo });
    }
    throw error;
  }
}

export function checkJsonObject(value: unknown, name: string): JsonObject {
  const json = checkJson(value, name);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalid(name, value, "Pass an object.");
  }
  return json as JsonObject;
}

/** An http or https URL without a user or password in it. */
export function checkUrl(value: unknown, name: string): string {
  if (typeof value === "string" && isPlainUrl(value)) return value;
  throw invalid(name, value, "Pass an http or https URL without a password.");
}

/** Whether a text is an http or https URL without a user or password. */
export function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (typeof value === "number" || typeof value === "boolean" || value === undefined) return String(value);
  return value === null ? "null" : Array.isArray(value) ? "a list" : `of type ${typeof value}`;
}
