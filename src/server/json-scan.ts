// What JSON.parse lets pass and readers disagree on: a key that stands twice in one object (which one counts?), and
// nesting without end. One pass over the text, without recursion, before it is parsed.

/** What is wrong with a JSON text, as a sentence; null when nothing is. Says nothing of text that is no JSON. */
export function jsonFault(text: string, depthMax: number): string | null {
  /** The keys of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  let expectsKey = false;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '"': {
        const end = endOfString(text, index);
        const keys = expectsKey ? open.at(-1) : null;
        if (keys) {
          const key = keyIn(text.slice(index, end + 1));
          if (keys.has(key))
            return `The key ${JSON.stringify(key.slice(0, 100))} stands twice in one object.`;
          keys.add(key);
        }
        index = end;
        break;
      }
      case "{":
      case "[":
        if (open.length === depthMax) return `It is nested deeper than ${depthMax}.`;
        expectsKey = text[index] === "{";
        open.push(expectsKey ? new Set() : null);
        break;
      case "}":
      case "]":
        open.pop();
        expectsKey = false;
        break;
      case ",":
        expectsKey = open.at(-1) instanceof Set;
        break;
      case ":":
        expectsKey = false;
        break;
      default:
    }
  }
  return null;
}

/** Where the string that begins at `start` ends: its closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** `"a"` and `"\u0061"` are one key. */
function keyIn(literal: string): string {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    // No JSON: parsing the whole will say so.
    return literal;
  }
}
