// Which statements speak of all that another speaks of: of its roles, actions and resources.
import { parseResourcePattern } from "./resource-pattern.ts";
import type { Statement } from "./statement.ts";

type Scope = Pick<Statement, "roles" | "actions" | "resources">;

/** Whether every question that `inner` speaks of is one that `outer` speaks of. */
export function covers(outer: Scope, inner: Scope): boolean {
  return (
    holdsAll(outer.roles, inner.roles) &&
    holdsAll(outer.actions, inner.actions) &&
    inner.resources.every((resource) => outer.resources.some((pattern) => coversResource(pattern, resource)))
  );
}

/** Whether a pattern covers a resource, or all that another pattern covers. */
export function coversResource(pattern: string, resource: string): boolean {
  const outer = parseResourcePattern(pattern, "resource");
  if (outer.kind === "all" || pattern === resource) return true;
  if (outer.kind === "exact") return false;
  const inner = parseResourcePattern(resource, "resource");
  if (inner.kind === "all") return false;
  const start = inner.kind === "exact" ? inner.id : inner.prefix;
  return start.length > outer.prefix.length && start.startsWith(outer.prefix);
}

/** Whether a pattern covers the resource with this very id, which may itself end like a pattern. */
export function matchesResource(pattern: string, id: string): boolean {
  const parsed = parseResourcePattern(pattern, "resource");
  if (parsed.kind === "exact") return parsed.id === id;
  return parsed.kind === "all" || (id.length > parsed.prefix.length && id.startsWith(parsed.prefix));
}

function holdsAll(outer: readonly string[], inner: readonly string[]): boolean {
  return outer.includes("*") || inner.every((name) => outer.includes(name));
}
