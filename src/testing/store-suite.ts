// What every store must do, case by case, for any test runner:
//
//   for (const { name, run } of storeSuite) test(name, () => run(makeEmptyStore));
import type { StoreCase } from "./store-case.ts";
import { appendCases } from "./store-suite-append.ts";
import { findingCases } from "./store-suite-finding.ts";
import { listCases } from "./store-suite-lists.ts";
import { logCases } from "./store-suite-log.ts";
import { pruningCases } from "./store-suite-pruning.ts";

export type { StoreCase } from "./store-case.ts";

/** Every behaviour of the `Store` port. */
export const storeSuite: readonly StoreCase[] = [
  ...appendCases,
  ...logCases,
  ...listCases,
  ...findingCases,
  ...pruningCases,
];
