// What a source file imports and which impure names it uses, read from its syntax tree. Text patterns would miss
// type imports (`import("./x.ts").X`) and stumble over strings, comments and property names.
import { parseSync } from "oxc-parser";
import { boundNames, isScope } from "./bindings.ts";
import { isNode, type Node } from "./syntax.ts";

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A use of the clock, chance, a timer or the process, as it is written. */
export interface ImpureUse {
  readonly name: string;
  readonly line: number;
}

export interface SourceFacts {
  readonly imports: readonly Import[];
  readonly impureUses: readonly ImpureUse[];
}

/** Where a node stands: under which member of its parent, and which names the scopes around it bind. */
interface Place {
  readonly parent: Node | null;
  readonly key: string;
  readonly bound: readonly ReadonlySet<string>[];
}

const IMPURE_GLOBALS: ReadonlySet<string> = new Set([
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "process",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);
const IMPURE_MEMBERS: ReadonlySet<string> = new Set(["Date.now", "Math.random", "AbortSignal.timeout"]);

/** Throws when the text is not TypeScript: what cannot be read cannot be vouched for. */
export function readFacts(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(path, text);
  const fault = errors[0];
  if (fault !== undefined) throw new Error(`${path} cannot be parsed: ${fault.message}`);
  const imports: Import[] = [];
  const impureUses: ImpureUse[] = [];
  walk(program, (node, place) => {
    const imported = importOf(node);
    if (imported !== null) imports.push({ ...imported, line: lineOf(node, text) });
    const name = impureNameOf(node, place);
    if (name !== null) impureUses.push({ name, line: lineOf(node, text) });
  });
  return { imports, impureUses };
}

function lineOf(node: Node, text: string): number {
  return text.slice(0, node.start).split("\n").length;
}

function importOf(node: Node): Omit<Import, "line"> | null {
  const specifier = isNode(node["source"]) ? node["source"]["value"] : null;
  if (typeof specifier !== "string") return null;
  switch (node.type) {
    case "ImportDeclaration":
      return { specifier, typeOnly: node["importKind"] === "type" };
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      return { specifier, typeOnly: node["exportKind"] === "type" };
    case "TSImportType":
      return { specifier, typeOnly: true };
    case "ImportExpression":
      return { specifier, typeOnly: false };
    default:
      return null;
  }
}

function impureNameOf(node: Node, { parent, key, bound }: Place): string | null {
  if (node.type === "NewExpression" && isNamed(node["callee"], "Date") && isEmpty(node["arguments"]))
    return "new Date()";
  // Called without `new`, Date ignores its arguments and gives the present time.
  if (node.type === "CallExpression" && isNamed(node["callee"], "Date")) return "Date()";
  if (node.type === "MemberExpression") {
    const member = memberName(node);
    return member !== null && IMPURE_MEMBERS.has(member) ? member : null;
  }
  if (node.type !== "Identifier" || isJustAName(parent, key)) return null;
  const name = String(node["name"]);
  const isGlobal = !bound.some((names) => names.has(name));
  return IMPURE_GLOBALS.has(name) && isGlobal ? name : null;
}

/** `x.process`, `{process: 1}`, `process(): void` in an interface: a name of its own, not the global. */
function isJustAName(parent: Node | null, key: string): boolean {
  return (key === "property" || key === "key") && parent?.["computed"] !== true;
}

function memberName(node: Node): string | null {
  const { object, property, computed } = node;
  if (!isNode(object) || !isNode(property) || object.type !== "Identifier") return null;
  const name = computed === true ? property["value"] : property["name"];
  return typeof name === "string" ? `${String(object["name"])}.${name}` : null;
}

function walk(root: unknown, visit: (node: Node, place: Place) => void): void {
  const step = (value: unknown, place: Place): void => {
    if (Array.isArray(value)) for (const item of value) step(item, place);
    else if (isNode(value)) {
      const bound = isScope(value) ? [...place.bound, boundNames(value)] : place.bound;
      visit(value, { ...place, bound });
      for (const [key, member] of Object.entries(value)) step(member, { parent: value, key, bound });
    }
  };
  step(root, { parent: null, key: "", bound: [] });
}

function isNamed(value: unknown, name: string): boolean {
  return isNode(value) && value.type === "Identifier" && value["name"] === name;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
