// `npm run soak -- --faults 200 [--for 30m] [--spare 2] [--nodes 5] [--seed S] [--only kill,rot] [--keep]`: random
// faults in real processes, one after the other or spread over a time. What processes hold that live through most of it
// (`--spare` so many) must not grow. `--no-namespaces` cuts links inside the nodes, as is done where namespaces can't be made.
// Ends with 1 when anything was not as it must be, and keeps the directories to be looked at.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { durationMs } from '../../duration.ts';
import { FAULTS, type FaultName } from './faults.ts';
import type { Held } from './resources.ts';
import { isBad, Soak, type SoakReport } from './soak.ts';

const DEFAULTS = {
  faults: '50',
  for: '0',
  spare: '0',
  nodes: '5',
  writers: '6',
  pause: '15',
  only: FAULTS.join(','),
} as const;
const SHOWN_MAX = 20;

const startMs = performance.now();
const given = argumentsGiven();
const options = {
  seed: whole('seed', given.seed, 0, 2 ** 47),
  faults: whole('faults', given.faults, 1, 100_000),
  nodes: whole('nodes', given.nodes, 3, 7),
  writers: whole('writers', given.writers, 1, 64),
  pauseMs: whole('pause', given.pause, 0, 10_000),
  kinds: kindsOf(given.only),
  forMs: given.for === undefined ? 0 : durationMs(given.for),
  spared: whole('spare', given.spare, 0, 6),
  keepAlways: given.keep,
  inNamespaces: !given['no-namespaces'],
  tell: say,
};
const over = given.for === undefined ? '' : ` --for ${given.for}`;
const again = `npm run soak -- --faults ${options.faults} --seed ${options.seed} --nodes ${options.nodes} --spare ${options.spared}${over}`;
say(`again: ${again}`);
// What stands outside of this process, such as namespaces, is taken down as it exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(1, `again: ${again}`));
try {
  const report = await Soak.run(options);
  show(report);
  if (isBad(report)) end(1, `again: ${again}`);
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  end(1, `again: ${again}`);
}
process.exit(0);

function show({ account, struck, outagesMs, settledMs, drifts, problems }: SoakReport): void {
  for (const [name, times] of Object.entries(outagesMs)) say(`${name}: healed to commit ${spread(times)}`);
  say(`whole again ${spread(settledMs)}`);
  for (const { node, early, late } of drifts) say(`${node} held ${heldText(early)}; later ${heldText(late)}`);
  const { readings, excused, lost, doubled, reordered, wrong, unequal } = account;
  const found = { lost, doubled, reordered, wrong, unequal, problems };
  for (const [name, all] of Object.entries(found)) {
    for (const one of all.slice(0, SHOWN_MAX)) say(`${name}: ${one}`);
  }
  const faults = Object.values(struck).reduce((sum, count) => sum + count, 0);
  const counts = Object.entries(found).map(([name, { length }]) => `${length} ${name}`);
  say(`soak: ${faults} faults, ${readings} readings, ${counts.join(', ')}`);
  if (excused > 0) say(`${excused} were stored only on a disk that was deleted, and promised by nobody else`);
}

function heldText({ rssMb, files, active, diskMb }: Held): string {
  return `${rssMb} MB, ${files} open files, ${active} active resources, ${diskMb} MB of disk beside the history`;
}

function argumentsGiven() {
  try {
    const { values } = parseArgs({
      options: {
        faults: { type: 'string', default: DEFAULTS.faults },
        seed: { type: 'string', default: String(randomInt(2 ** 31)) },
        nodes: { type: 'string', default: DEFAULTS.nodes },
        writers: { type: 'string', default: DEFAULTS.writers },
        pause: { type: 'string', default: DEFAULTS.pause },
        only: { type: 'string', default: DEFAULTS.only },
        for: { type: 'string' },
        spare: { type: 'string', default: DEFAULTS.spare },
        keep: { type: 'boolean', default: false },
        'no-namespaces': { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return end(2, error instanceof Error ? error.message : String(error));
  }
}

function kindsOf(text: string): readonly FaultName[] {
  const names = text.split(',');
  const kinds = FAULTS.filter((kind) => names.includes(kind));
  if (kinds.length === names.length) return kinds;
  return end(2, `--only takes some of ${FAULTS.join(',')}, got ${JSON.stringify(text)}`);
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  return end(2, `--${name} is a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`);
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return `${at(0.5)} ms in the middle, ${at(1)} ms at most, of ${sorted.length}`;
}

function say(line: string): void {
  process.stdout.write(`${((performance.now() - startMs) / 1_000).toFixed(1).padStart(7)} ${line}\n`);
}

function end(code: number, why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(code);
}
