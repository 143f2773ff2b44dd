import type { Reporter, TestModule, TestSuite } from "vitest/node";

/** Ends the output with `N passed, N failed`. A file that does not load, or a hook that throws, is one failure. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      for (const group of [module, ...module.children.allSuites()]) count.failed += failsItself(group) ? 1 : 0;
    }
    const skipped = count.skipped + count.pending;
    console.log(`\n${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  }
}

function failsItself(group: TestModule | TestSuite): boolean {
  return group.errors().length > 0;
}
