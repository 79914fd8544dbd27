// Finds the statements that speak of a role, an action and a resource. A tree over the resources' segments; at each
// node roles, then actions. A search walks the request's own segments and looks up its own roles: how many other
// statements there are does not matter. Built once for a version and never changed after.
import { endOfSegment, parseResourcePattern } from "./resource-pattern.ts";
import type { Statement } from "./statement.ts";

/** A statement's place in the policy's order. */
export interface Ranked {
  readonly rank: number;
}

/** Most nodes have one of the three: an empty map for each of the others would be memory to walk through. */
interface Node<Rule> {
  /** By segment, its dot or slash with it. */
  children: Map<string, Node<Rule>> | null;
  /** Of statements on exactly this resource. */
  exact: Grants<Rule> | null;
  /** Of statements on all that lies under this. */
  under: Grants<Rule> | null;
}

/** By role, then by action. */
type Grants<Rule> = Map<string, Map<string, Rule[]>>;

export class PolicyIndex<Rule extends Ranked> {
  readonly #root: Node<Rule> = newNode();

  add(statement: Statement, rule: Rule): void {
    for (const [index, resource] of statement.resources.entries()) {
      const grants = this.#grants(resource, `resources[${index}]`);
      for (const role of statement.roles) {
        for (const action of statement.actions) addTo(grants, role, action, rule);
      }
    }
  }

  /** The rules that speak of one of the roles, the action and the resource: each once, in their order. */
  find(roles: readonly string[], action: string, resource: string): readonly Rule[] {
    const found: Rule[] = [];
    let node: Node<Rule> | undefined = this.#root;
    let start = 0;
    while (node !== undefined) {
      // A prefix covers what is longer than itself.
      if (start < resource.length) collect(node.under, roles, action, found);
      else collect(node.exact, roles, action, found);
      if (start === resource.length) break;
      const end = endOfSegment(resource, start);
      const next = end < 0 ? resource.length : end;
      node = node.children?.get(resource.slice(start, next));
      start = next;
    }
    return found.length < 2 ? found : eachOnce(found);
  }

  #grants(resource: string, path: string): Grants<Rule> {
    const pattern = parseResourcePattern(resource, path);
    if (pattern.kind === "exact") return (this.#node(pattern.id).exact ??= new Map());
    const node = pattern.kind === "all" ? this.#root : this.#node(pattern.prefix);
    return (node.under ??= new Map());
  }

  #node(id: string): Node<Rule> {
    let node = this.#root;
    for (let start = 0; start < id.length;) {
      const end = endOfSegment(id, start);
      const segment = id.slice(start, end < 0 ? id.length : end);
      const children: Map<string, Node<Rule>> = (node.children ??= new Map());
      let child = children.get(segment);
      if (child === undefined) children.set(segment, (child = newNode()));
      node = child;
      start += segment.length;
    }
    return node;
  }
}

function newNode<Rule>(): Node<Rule> {
  return { children: null, exact: null, under: null };
}

function addTo<Rule>(grants: Grants<Rule>, role: string, action: string, rule: Rule): void {
  let byAction = grants.get(role);
  if (byAction === undefined) grants.set(role, (byAction = new Map()));
  const rules = byAction.get(action);
  if (rules === undefined) byAction.set(action, [rule]);
  else rules.push(rule);
}

function collect<Rule>(
  grants: Grants<Rule> | null,
  roles: readonly string[],
  action: string,
  found: Rule[],
): void {
  if (grants === null) return;
  collectRole(grants.get("*"), action, found);
  for (const role of roles) collectRole(grants.get(role), action, found);
}

function collectRole<Rule>(
  byAction: ReadonlyMap<string, readonly Rule[]> | undefined,
  action: string,
  found: Rule[],
): void {
  if (byAction === undefined) return;
  for (const rule of byAction.get(action) ?? []) found.push(rule);
  for (const rule of byAction.get("*") ?? []) found.push(rule);
}

/** A statement that names several of a principal's roles, or a resource twice, is found more than once. */
function eachOnce<Rule extends Ranked>(found: Rule[]): readonly Rule[] {
  found.sort((a, b) => a.rank - b.rank);
  return found.filter((rule, index) => rule !== found[index - 1]);
}
