// What a room may be called (spec/wire.md §1): names parted by single slashes, safe in a path, a key and a stream.

/** The most bytes of a room's name, as UTF-8. */
const ROOM_BYTES_MAX = 256;

/** As keys of a JSON object these change a prototype when somebody copies it. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A slash, dot, backslash or NUL written for a URL: it would be another room's name to whoever decodes it once more. */
const ENCODED = /%(?:2f|2e|5c|00)/i;

const CONTROL = /\p{Cc}/u;

/** Why a name cannot be a room's, to be read after it ("… is empty"); null when it can. */
export function roomNameFault(name: string): string | null {
  if (name === "") return "is empty";
  if (new TextEncoder().encode(name).length > ROOM_BYTES_MAX) return `is longer than ${ROOM_BYTES_MAX} bytes`;
  if (!name.isWellFormed()) return "holds half of a surrogate pair";
  if (CONTROL.test(name)) return "holds a control character";
  if (ENCODED.test(name)) return "holds an encoded slash, dot, backslash or NUL";
  if (RESERVED.has(name)) return "is a reserved name";
  const segments = name.split(/[/\\]/);
  if (segments.includes("")) return "has an empty part between its slashes";
  if (segments.includes("..") || segments.includes(".")) return "has . or .. as a part";
  return null;
}
