// What a simulation of the order came to, for people. SPEC rule SM44.

import type { OrderSimulationResult } from './simulation.ts';
import { problemText } from './stage.ts';

export function orderReportText(result: OrderSimulationResult): string {
  const { counts, seeds, failures, virtualMs } = result;
  const lines = [
    `${seeds} seeds, ${(virtualMs / 3_600_000).toFixed(2)} hours of virtual time, ${result.repeated} of them run twice`,
    `${counts.starts} starts, ${counts.elections} elections, ${counts.messages} messages, ${counts.committed} entries committed of ${counts.batches} batches`,
    `a leader after at most ${Math.round(result.slowestLedMs)} ms, all agreed after at most ${Math.round(result.slowestSettledMs)} ms`,
  ];
  if (failures.length === 0) lines.push('all of them passed');
  for (const { seed, problems, replay } of failures) {
    lines.push(`seed ${seed} failed:`);
    for (const problem of problems.slice(0, 3)) lines.push(`  ${problemText(problem)}`);
    lines.push(`  replay: ${replay} --trace`);
  }
  return lines.join('\n');
}
