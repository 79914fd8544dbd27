// A test run ends with one plain line for whoever reads the log by machine: "12 passed, 0 failed, 1 skipped".
// A file that could not be loaded and an error outside every test count as failures: nothing that went wrong may
// hide behind "0 failed".
import type { Reporter, TestModule, TestRunEndReason, Vitest } from "vitest/node";

export class ClosingLine implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const counted = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      counted.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counted.failed += suite.errors().length;
      // A test still pending at the end did not run to its end.
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counted[state === "pending" ? "failed" : state]++;
      }
    }
    if (reason !== "passed" && counted.failed === 0) counted.failed = 1;
    const skipped = counted.skipped === 0 ? "" : `, ${counted.skipped} skipped`;
    this.#vitest?.logger.log(`${counted.passed} passed, ${counted.failed} failed${skipped}`);
  }
}
