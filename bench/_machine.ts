// What a benchmark ran on, and how busy that was meanwhile: figures without it are rumours.

import { cpus, loadavg, release, totalmem } from 'node:os';

export function machineText(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cpus().length} cores, ${memory} GiB, Linux ${release()}, node ${process.version}`;
}

/** Runnable processes on average over the last minute, those of the benchmark among them. */
export function loadText(): string {
  return `load average ${(loadavg()[0] ?? 0).toFixed(1)}`;
}

/** How many turns a benchmark takes: its own number, or the environment's for a quick look. */
export function turnsOf(ownTurns: number): number {
  const asked = Number(process.env.BENCH_TURNS);
  return Number.isInteger(asked) && asked > 0 ? asked : ownTurns;
}
