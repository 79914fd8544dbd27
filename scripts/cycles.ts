// Cycles in a graph of files, found by depth-first search. A cycle of types alone compiles and runs, but the files
// in it can no longer be understood one after the other.

/** One path for each cycle met, from its first file by name round to that file again. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const cycles = new Map<string, string[]>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      const cycle = fromFirst(path.slice(start));
      cycles.set(cycle.join(" "), cycle);
      return;
    }
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return [...cycles.values()];
}

/** The same cycle whichever file the search met first. */
function fromFirst(files: readonly string[]): string[] {
  const first = files.indexOf([...files].sort()[0] ?? "");
  const turned = [...files.slice(first), ...files.slice(0, first)];
  return [...turned, ...turned.slice(0, 1)];
}
