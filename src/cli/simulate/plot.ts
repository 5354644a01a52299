// `sensorium simulate --plot`: measures a curve, draws it, and leaves the picture and its numbers in files. SPEC
// rule SM24.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type CurveOptions, type CurveProgress, curve } from '../../sim/scale/curves.ts';
import { EXIT, Failure } from '../failure.ts';
import { curveCsv, curveSvg, curveTable, knobsText } from './figures.ts';

export function plot(options: CurveOptions, directory: string): void {
  const startMs = performance.now();
  makeDirectory(directory);
  const running = curve(options);
  let step = running.next();
  while (!step.done) {
    showProgress(options, step.value, startMs);
    step = running.next();
  }
  clearProgress();

  const points = step.value;
  const svgFile = join(directory, `${options.what}.svg`);
  const csvFile = join(directory, `${options.what}.csv`);
  writeFileSync(svgFile, curveSvg(options, points));
  writeFileSync(csvFile, curveCsv(points));
  console.log(`${options.what}: ${knobsText(options)}`);
  console.log(curveTable(points));
  const tookS = ((performance.now() - startMs) / 1_000).toFixed(1);
  console.log(`${svgFile} and ${csvFile}, took ${tookS} s\n`);
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`--out: cannot make ${directory}: ${why}`, EXIT.usage);
  }
}

/** On a terminal one line that is written over; nothing elsewhere. */
function showProgress({ what }: CurveOptions, { done, of, knobs }: CurveProgress, startMs: number): void {
  if (!process.stderr.isTTY) return;
  const { nodes, lossPercent, intervalMs, seed } = knobs;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  const text = `${what}: ${done} of ${of}, ${seconds} s; ${nodes} nodes, ${lossPercent} % lost, every ${intervalMs} ms, seed ${seed}`;
  process.stderr.write(`\r\u001b[K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}
