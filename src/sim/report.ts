// What came of a simulation, for people. SPEC rule SM19.

import type { Failure, SimulationOptions, SimulationResult } from './simulation.ts';

const PROBLEMS_SHOWN = 3;

export function reportText(options: SimulationOptions, result: SimulationResult): string {
  const { counts } = result;
  const hours = (result.virtualMs / 3_600_000).toFixed(1);
  const { min, max } = options.nodes;
  const lines = [
    `${result.seeds} seeds from ${options.seed}, ${min === max ? min : `${min} to ${max}`} nodes each, ${hours} h of virtual time`,
    `${counts.readings} readings, ${counts.answered} submits answered, ${counts.messages} messages, ${counts.starts} starts of peers`,
    `slowest to agree after the last fault: ${(result.slowestSettledMs / 1000).toFixed(1)} s; ${result.repeated} seeds run twice; hash ${result.hash}`,
  ];
  if (result.ok) lines.push('all of them passed');
  else lines.push(`${result.failures.length} FAILED`, ...result.failures.flatMap(failureLines));
  return lines.join('\n');
}

function failureLines(failure: Failure): string[] {
  const problems = failure.problems.slice(0, PROBLEMS_SHOWN).map(({ checker, atMs, peer, what }) => {
    return `  ${(atMs / 1000).toFixed(3)} s${peer === null ? '' : ` ${peer}`}: ${checker}: ${what}`;
  });
  return ['', `seed ${failure.seed}, ${failure.nodes} nodes`, ...problems, `  replay: ${failure.replay}`];
}
