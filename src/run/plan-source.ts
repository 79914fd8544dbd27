// The YAML text of a plan, or of another file that people write: read with the place of every key and value, so that each fault can say where it is.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";

export type PlanPath = readonly (string | number)[];

export interface Place {
  /** 1 for the first. */
  readonly line: number;
  /** 1 for the first. */
  readonly column: number;
}

/** A fault in a text, before it is known which file it is. */
export interface SourceFault extends Place {
  readonly path: string;
  readonly what: string;
  readonly todo: string;
}

export interface PlanSource {
  /** What the text says; undefined when it is not YAML. */
  readonly value: unknown;
  readonly faults: readonly SourceFault[];
  /** Where the value of a path stands, or its key; of a path that is not there, the innermost part that is. */
  place(path: PlanPath, of?: "key" | "value"): Place;
}

/** The most characters a plan has. */
export const PLAN_CHARACTERS_MAX = 1024 * 1024;

/** How often aliases may repeat a part: more would make a small file a huge plan. */
const ALIAS_COUNT_MAX = 100;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** `noun` is what the file is called in what is said of it. */
export function readSource(text: string, noun = "plan"): PlanSource {
  const start: Place = { line: 1, column: 1 };
  const refuse = (what: string, todo: string): PlanSource => ({
    value: undefined,
    faults: [{ ...start, path: "", what, todo }],
    place: () => start,
  });
  if (text.length > PLAN_CHARACTERS_MAX) {
    return refuse(`The ${noun} has more than ${PLAN_CHARACTERS_MAX} characters.`, "Write less into it.");
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core" });
    const place = (path: PlanPath, of: "key" | "value" = "value"): Place =>
      placeAt(lines, offsetOf(document, path, of));
    const faults = syntaxFaults(document, lines, noun);
    if (faults.length > 0) return { value: undefined, faults, place };
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_COUNT_MAX });
    return {
      value,
      faults: keyFaults(value, []).map((fault) => Object.assign(fault, place(fault.at, "key"))),
      place,
    };
  } catch (cause) {
    if (cause instanceof RangeError) return refuse(`The ${noun} is nested too deeply.`, "Write it flatter.");
    const why = cause instanceof Error ? cause.message : String(cause);
    return refuse(`The ${noun} cannot be read: ${why}.`, "Write repeated parts out, or use fewer aliases.");
  }
}

/** `tasks[2].after[0]`. */
export function pathText(path: PlanPath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}

function syntaxFaults(document: Document, lines: LineCounter, noun: string): readonly SourceFault[] {
  return [...document.errors, ...document.warnings].map((error) => ({
    line: placeAt(lines, error.pos[0]).line,
    column: placeAt(lines, error.pos[0]).column,
    path: "",
    what: syntaxWords(error, noun),
    todo: syntaxTodo(error.code, noun),
  }));
}

function syntaxWords({ code, message }: YAMLError, noun: string): string {
  if (code === "DUPLICATE_KEY") return "The key stands here a second time.";
  if (code === "RESOURCE_EXHAUSTION") return `The ${noun} is nested too deeply.`;
  return `This is not YAML: ${message}.`;
}

function syntaxTodo(code: string, noun: string): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "Keep one of them.";
    case "RESOURCE_EXHAUSTION":
      return "Write it flatter.";
    case "TAB_AS_INDENT":
      return "Indent with spaces.";
    case "MULTIPLE_DOCS":
      return `Write one ${noun} a file, without a second --- line.`;
    case "TAG_RESOLVE_FAILED":
      return "Leave out the ! tag.";
    case "BAD_ALIAS":
      return "Name an anchor (&name) that stands above, or put a text that begins with * in quotes.";
    default:
      return "Correct the line; texts with : # { [ * & or ! in them go in quotes.";
  }
}

/** Keys that would change an object's prototype. */
function keyFaults(
  value: unknown,
  at: PlanPath,
): (Omit<SourceFault, keyof Place> & { readonly at: PlanPath })[] {
  if (typeof value !== "object" || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, member]) => {
    const path = [...at, isList ? Number(key) : key];
    const deeper = keyFaults(member, path);
    if (!FORBIDDEN_KEYS.has(key)) return deeper;
    return [
      { at: path, path: pathText(path), what: `The key ${key} is not allowed.`, todo: "Use another name." },
    ];
  });
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(document: Document, path: PlanPath, of: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === part)
      : undefined;
    const isKeyWanted = of === "key" && depth === path.length - 1;
    node = isSeq(node) ? node.items[Number(part)] : (pair?.value ?? undefined);
    if (pair === undefined && node === undefined) return offset;
    offset = (isKeyWanted ? startOf(pair?.key) : startOf(node)) ?? startOf(pair?.key) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
