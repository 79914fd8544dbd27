// Holds src/ to the module map: who may import whom, what stays pure, and no cycles between files, types included.
// Run as `node scripts/layers.ts [folder that holds src/]`; prints each violation and exits 1 when there is one.
import { globSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { findCycles } from "./cycles.ts";
import {
  IMPURE,
  MAY_IMPORT,
  NAMES_REFUSED,
  PURE,
  PURE_MAY_IMPORT,
  PUTS_ADAPTERS_TOGETHER,
  ROOTS,
  RUNS_IN_BROWSERS,
  STORE_FOR_ALL,
} from "./module-map.ts";
import { readFacts, type Import, type SourceFacts } from "./source-facts.ts";

/** A sentence for each violation. `files` maps paths like `src/event/event.ts` to their text. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const facts = new Map<string, SourceFacts>();
  for (const [path, text] of files) if (!path.endsWith(".test.ts")) facts.set(path, readFacts(path, text));
  const found = [...facts].flatMap(([path, { imports, impureUses }]) => [
    ...placeFaults(path),
    ...imports.flatMap((one) => importFaults(path, one, facts).map((why) => `${path}:${one.line} ${why}`)),
    ...(isPure(path)
      ? impureUses.map(({ name, line }) => `${path}:${line} uses ${name} in a pure module`)
      : []),
  ]);
  found.push(...browserFaults(facts));
  return [...found, ...findCycles(graphOf(facts)).map((cycle) => `cycle: ${cycle.join(" → ")}`)];
}

/** The sources of src/ under a folder, as `violations` takes them. */
export function readSources(root: string): Map<string, string> {
  const paths = globSync("src/**/*.{ts,tsx,js,mts,cts}", { cwd: root }).map((path) =>
    path.replaceAll("\\", "/"),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

function placeFaults(path: string): string[] {
  if (ROOTS.includes(path)) return [];
  const folder = folderOf(path);
  const name = posix.basename(path).split(".")[0] ?? "";
  const faults: string[] = [];
  if (!(folder in MAY_IMPORT)) faults.push(`${path} has no place in the module map (scripts/module-map.ts)`);
  if (NAMES_REFUSED.includes(name)) faults.push(`${path} has a name that says nothing; name the idea inside`);
  return faults;
}

function importFaults(path: string, { specifier }: Import, facts: ReadonlyMap<string, unknown>): string[] {
  if (!specifier.startsWith(".")) return packageFaults(path, specifier);
  const target = posix.join(posix.dirname(path), specifier);
  if (target.endsWith(".test.ts")) return [`imports the test ${target}`];
  if (!target.startsWith("src/")) return [`imports ${target} from outside src/`];
  if (!facts.has(target)) return [`imports ${target}, which does not exist`];
  return layerFaults(path, target);
}

function layerFaults(path: string, target: string): string[] {
  if (ROOTS.includes(path)) return [];
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from === to) return [];
  const allowed = MAY_IMPORT[from] ?? [];
  if (allowed !== "all" && !allowed.includes(to)) return [`imports ${target}: ${from} may not import ${to}`];
  const seesAdapters = PUTS_ADAPTERS_TOGETHER.some((place) => path.startsWith(place));
  if (to === "store" && !STORE_FOR_ALL.includes(target) && !seesAdapters)
    return [`imports ${target}: only ${STORE_FOR_ALL.join(", ")} is for all`];
  return [];
}

/** What a browser's bundle would hold of the machine. Types are gone by then. */
function browserFaults(facts: ReadonlyMap<string, SourceFacts>): string[] {
  const reached = new Set([...facts.keys()].filter((path) => RUNS_IN_BROWSERS.includes(folderOf(path))));
  const faults: string[] = [];
  // A set goes on with what is added while it is walked.
  for (const path of reached) {
    const imports = facts.get(path)?.imports.filter(({ typeOnly }) => !typeOnly) ?? [];
    for (const target of targetsOf(path, imports)) reached.add(target);
    for (const { specifier, line } of imports)
      if (!specifier.startsWith("."))
        faults.push(`${path}:${line} imports ${specifier}: browsers run it too`);
  }
  return faults;
}

function packageFaults(path: string, specifier: string): string[] {
  if (!isPure(path) || PURE_MAY_IMPORT[folderOf(path)]?.includes(specifier) === true) return [];
  return [`imports ${specifier} in a pure module`];
}

function isPure(path: string): boolean {
  return PURE.includes(folderOf(path)) && !(path in IMPURE);
}

/** `event` of `src/event/event.ts`; for a file of src/ itself, its own name. */
function folderOf(path: string): string {
  return path.split("/")[1] ?? path;
}

function graphOf(facts: ReadonlyMap<string, SourceFacts>): Map<string, string[]> {
  return new Map([...facts].map(([path, { imports }]) => [path, targetsOf(path, imports)]));
}

function targetsOf(path: string, imports: readonly Import[]): string[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier));
}

if (import.meta.main) {
  const sources = readSources(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  const found = sources.size === 0 ? ["no source was found under src/"] : violations(sources);
  for (const violation of found) process.stdout.write(`${violation}\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
