// `npm run bench [-- group… --write --strict --largest N]`: measures the rows of each group (`bench/<group>.ts`; default `core`)
// and prints them beside what they are to reach. `--write` keeps each group's section of bench/RESULTS.md; `--strict` exits 1
// when a row is not reached.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isReached, table, type Row, type Rows } from "./harness.ts";
import { describeMachine } from "./machine.ts";
import { writeResults } from "./results.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean" },
    strict: { type: "boolean" },
    largest: { type: "string", default: "1000000" },
  },
});

const sections = new Map<string, string>();
let missed = 0;

for (const group of positionals.length === 0 ? ["core"] : positionals) {
  const path = join(import.meta.dirname, `${group}.ts`);
  if (!/^[a-z-]+$/.test(group) || !existsSync(path)) {
    process.stderr.write(`There is no group ${group}. A group is a file bench/<group>.ts; try core.\n`);
    process.exit(2);
  }
  const { rows } = (await import(path)) as { readonly rows: Rows };
  const found = await measured(rows);
  missed += found.filter((row) => !isReached(row)).length;
  if (found.length > 0) sections.set(group, `${describeMachine()}\n\n${table(found)}`);
}

for (const [group, text] of sections) process.stdout.write(`## ${group}\n\n${text}\n\n`);
if (values.write === true) writeResults(sections);
process.exitCode = values.strict === true && missed > 0 ? 1 : 0;

async function measured(rows: Rows): Promise<readonly Row[]> {
  const found: Row[] = [];
  for await (const row of rows({ largest: Number(values.largest) })) {
    found.push(row);
    process.stderr.write(`measured: ${row.what}\n`);
  }
  return found;
}
