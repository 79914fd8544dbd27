// The names the trust boundary decides by: ids of principals, roles, actions, resources and statements.
// They are compared exactly, so a name must have one spelling: what reads like another name, hides characters, walks
// out of a folder or means something to a parser is no name. `resourceId` writes any foreign id as one.
import { invalid } from "./input.ts";

/** The longest id of a principal, role, action or statement, in UTF-16 units. */
const NAME_LENGTH_MAX = 256;

/** The longest id of a resource: room for a foreign id of 256 characters written by `resourceId`. */
export const RESOURCE_LENGTH_MAX = 4_096;

/** `..` and `.` as path segments, and the keys that change a prototype, as segments. */
const HAZARD = /(?:^|[/\\])\.\.?(?:$|[/\\])|(?:^|[./:\\])(?:__proto__|constructor|prototype)(?:$|[./:\\])/;

/** Control, format, private and unassigned characters, half surrogates, and every blank but the space itself. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|[^ \P{Zs}]/u;

const STAR = 42;
/** `"`, `'`, `\` and the backtick: what quotes in one language or another. */
const QUOTES: ReadonlySet<number> = new Set([34, 39, 92, 96]);

/** Why the value is no name; null when it is one. Takes time by `lengthMax`, however long the value is. */
export function faultOfName(value: unknown, lengthMax = NAME_LENGTH_MAX): string | null {
  if (typeof value !== "string") return "is not text";
  if (value === "") return "is empty";
  if (value.length > lengthMax) return `is longer than ${lengthMax} characters`;
  let isAscii = true;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 32 || code === 127) return "has a control character";
    if (code === STAR) return "has a *";
    if (code > 127) isAscii = false;
    else if (QUOTES.has(code)) return "has a quote or a backslash";
  }
  if (value.startsWith(" ") || value.endsWith(" ")) return "begins or ends with a blank";
  if (HAZARD.test(value)) return "has a segment that is `.`, `..` or a prototype key";
  if (isAscii) return null;
  if (!value.isWellFormed() || HIDDEN.test(value)) return "has characters that cannot be seen";
  // Full-width letters, ligatures and combining marks have a plain spelling; two spellings would be two names.
  return value.normalize("NFKC") === value ? null : "is not in Unicode's NFKC form";
}

/** A name, or `invalid_argument`. */
export function checkName(value: unknown, path: string, lengthMax = NAME_LENGTH_MAX): string {
  const fault = faultOfName(value, lengthMax);
  if (fault === null) return value as string;
  const todo = `It ${fault}. Write 1 to ${lengthMax} visible characters without quotes, \`*\` or \`..\`.`;
  throw invalid(path, value, todo);
}

/** A name, or `*` for all. */
export function checkNameOrStar(value: unknown, path: string): string {
  return value === "*" ? "*" : checkName(value, path);
}

/**
 * The name of a resource from ids that others chose: `resourceId("session", "a/b", "tasks", "*.c")` is
 * `session:a%2Fb/tasks/%2A%2Ec`. Dots, slashes, quotes, stars and whatever is no name are written as `%XX` of their
 * UTF-8, so no id reaches outside its segment; different well-formed ids give different names. Names are never decoded.
 */
export function resourceId(kind: string, id: string, ...segments: readonly string[]): string {
  return `${encodeSegment(kind)}:${[id, ...segments].map(encodeSegment).join("/")}`;
}

function encodeSegment(text: string): string {
  const plain = text
    .toWellFormed()
    .replaceAll(/[^A-Za-z0-9_ -]/g, (unit) => (unit > "\u007f" ? unit : percent(unit)));
  if (faultOfName(plain, RESOURCE_LENGTH_MAX) === null) return plain;
  return [...new TextEncoder().encode(text)].map(percentByte).join("");
}

function percent(character: string): string {
  return percentByte(character.charCodeAt(0));
}

function percentByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
