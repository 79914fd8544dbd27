// The order that `after` gives: who comes before whom, and whether some wait for each other.

interface Ordered {
  readonly id: string;
  readonly after: readonly string[];
}

/** All tasks that end before this one starts. */
export function ancestorsOf(tasks: readonly Ordered[], id: string): ReadonlySet<string> {
  const after = new Map(tasks.map((task) => [task.id, task.after]));
  const found = new Set<string>();
  const waiting = [...(after.get(id) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(after.get(next) ?? []));
  }
  return found;
}

/** A loop, its first id repeated at the end; null when there is none. */
export function findLoop(tasks: readonly Ordered[]): readonly string[] | null {
  const stuck = stuckIn(tasks);
  const [first] = stuck.keys();
  if (first === undefined) return null;
  // Every stuck task waits for another stuck one, so following these must come back.
  const way: string[] = [];
  let id = first;
  while (!way.includes(id)) {
    way.push(id);
    id = stuck.get(id)?.after.find((before) => stuck.has(before)) ?? id;
  }
  return [...way.slice(way.indexOf(id)), id];
}

/** What is left when all that can end has ended. */
function stuckIn(tasks: readonly Ordered[]): ReadonlyMap<string, Ordered> {
  const stuck = new Map(tasks.map((task) => [task.id, task]));
  const open = new Map(tasks.map((task) => [task.id, new Set(task.after.filter((id) => stuck.has(id)))]));
  const followers = new Map<string, string[]>();
  for (const [id, before] of open) {
    for (const one of before) followers.set(one, [...(followers.get(one) ?? []), id]);
  }
  const free = tasks.filter(({ id }) => open.get(id)?.size === 0).map(({ id }) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    stuck.delete(id);
    for (const follower of followers.get(id) ?? []) {
      const before = open.get(follower);
      if (before?.delete(id) === true && before.size === 0) free.push(follower);
    }
  }
  return stuck;
}
