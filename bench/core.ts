// The numbers a session rests on (DESIGN §7, rows 1, 2, 4 and 5), each beside bare `node:sqlite` or the bare work.
import { durableRows } from "./core/durable.ts";
import { memoryRow } from "./core/memory.ts";
import { rehydrateRows } from "./core/rehydrate.ts";
import type { Row } from "./harness.ts";

export async function* rows(): AsyncGenerator<Row> {
  yield* durableRows();
  yield await memoryRow();
  yield* rehydrateRows();
}
