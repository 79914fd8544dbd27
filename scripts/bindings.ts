// The names a scope binds, so that a parameter called `process` is not taken for the global one.
// A scope here is a file, a function or a signature; a block's names count for the whole function around it.
import { isNode, type Node } from "./syntax.ts";

/** A file, or anything with parameters: functions, methods, function types. */
export function isScope(node: Node): boolean {
  return node.type === "Program" || Array.isArray(node["params"]);
}

/** The names bound in a scope, those of scopes inside it left out. */
export function boundNames(scope: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const params = scope["params"];
  if (Array.isArray(params)) for (const param of params) collectPattern(param, names);
  for (const [key, member] of Object.entries(scope)) if (key !== "params") collectDeclared(member, names);
  return names;
}

function collectDeclared(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectDeclared(item, names);
    return;
  }
  if (!isNode(value)) return;
  if (value.type === "VariableDeclarator" || value.type.endsWith("Declaration"))
    collectPattern(value["id"], names);
  if (value.type.startsWith("Import")) collectPattern(value["local"], names);
  if (value.type === "CatchClause") collectPattern(value["param"], names);
  if (isScope(value)) return;
  for (const member of Object.values(value)) collectDeclared(member, names);
}

function collectPattern(value: unknown, names: Set<string>): void {
  if (!isNode(value)) return;
  if (value.type === "Identifier") names.add(String(value["name"]));
  for (const key of ["left", "argument", "value", "parameter"]) collectPattern(value[key], names);
  for (const key of ["properties", "elements"]) {
    const parts = value[key];
    if (Array.isArray(parts)) for (const part of parts) collectPattern(part, names);
  }
}
