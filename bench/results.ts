// bench/RESULTS.md: a section for each group, as its newest run with `--write` left it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PATH = join(import.meta.dirname, "RESULTS.md");

const TITLE =
  "# Measured\n\nEach section is written by `npm run bench -- GROUP --write`, and says on what it was measured.";

/** Puts the sections in place of those of the same groups; the others stay as they are. */
export function writeResults(sections: ReadonlyMap<string, string>): void {
  const all = new Map([...sectionsOf(existsSync(PATH) ? readFileSync(PATH, "utf8") : ""), ...sections]);
  const texts = [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, text]) => `## ${group}\n\n${text.trim()}`);
  writeFileSync(PATH, `${[TITLE, ...texts].join("\n\n")}\n`);
}

/** By the group they are of. */
export function sectionsOf(text: string): ReadonlyMap<string, string> {
  const [, ...parts] = text.split(/^## /m);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end).trim(), part.slice(end)] as const;
    }),
  );
}
