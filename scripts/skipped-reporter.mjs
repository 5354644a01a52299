// A reporter that ends a test run with what was skipped and why, and a plain line of counts.

export default class SkippedReporter {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skipped = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        counts[state] = (counts[state] ?? 0) + 1;
        if (state === 'skipped') skipped.push(`skipped: ${test.fullName}: ${note ?? 'no reason given'}`);
      }
      counts.failed += module.errors().length;
    }
    for (const line of skipped) console.log(line);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
