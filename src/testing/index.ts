// For tests of those who use Holodeck: a clock that stands still, given / when / then, a manager on memory, and the
// suite that every store must pass.
export { testItem, testStream, lastOf, TEST_TIME, type TestFact, type TestItem } from "./events.ts";
export { given, type Outcome, type Scenario } from "./given.ts";
export { storeSuite } from "./store-suite.ts";
export { TestPlato, type PlatoScript, type PlatoSubmission, type TestPlatoOptions } from "./test-plato.ts";
export { settled, TestClock, type TestClockOptions } from "./test-clock.ts";
export { countingIds, fixedRouter, testManager, testProcesses, type TestManager } from "./test-manager.ts";
