// `sensorium export` writes committed readings to a file, `sensorium import` brings such a file into a site. SPEC rules
// SK20, SK21, SK24.

import { type Command, Option } from 'commander';
import { type Match, parseMatch } from '../../api/match.ts';
import { parseMoment } from '../../api/moment.ts';
import { ApiClient } from '../api-client.ts';
import { Exporter } from '../export/exporter.ts';
import { Importer } from '../export/importer.ts';
import { EXIT, Failure } from '../failure.ts';
import { ProgressBar } from '../progress-bar.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
const DEFAULT_INGEST = 'http://127.0.0.1:8086';

interface ExportOptions {
  readonly node: string;
  readonly format: 'csv' | 'json' | 'parquet';
  readonly sensor?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

interface ImportOptions {
  readonly node: string;
  readonly ingest: string;
  readonly json?: true;
}

export function addExportCommands(program: Command): void {
  program
    .command('export <file>')
    .description('write committed readings to a file; one that was broken off goes on when it is run again')
    .addOption(
      new Option('--format <format>', 'what to write: JSON is a line a reading')
        .choices(['csv', 'json', 'parquet'])
        .default('csv'),
    )
    .option('--sensor <pattern>', 'only sensors that match, with + and # as in MQTT')
    .option('--from <moment>', 'readings from this time on: milliseconds, RFC 3339, or now-1h')
    .option('--to <moment>', 'and before this one')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--json', 'print JSON')
    .action(exportTo);
  program
    .command('import <file>')
    .description(
      'bring readings that were exported as CSV or JSON into the site; what it has already is left out',
    )
    .option('--node <url>', 'read API of a node', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--ingest <url>', 'HTTP input of that node', DEFAULT_INGEST)
    .option('--json', 'print JSON')
    .action(importFrom);
}

async function exportTo(file: string, options: ExportOptions): Promise<void> {
  const { format, sensor = '#', from = '', to = '' } = options;
  const nowMs = Date.now();
  const range = {
    match: matchOf(sensor),
    fromMs: from === '' ? Number.NEGATIVE_INFINITY : momentOf('--from', from, nowMs),
    toMs: to === '' ? Number.POSITIVE_INFINITY : momentOf('--to', to, nowMs),
  };
  if (range.fromMs >= range.toMs) throw new Failure('--from is before --to', EXIT.usage);
  const bar = new ProgressBar('export', 'readings');
  const exporter = new Exporter(new ApiClient(options.node), file, { format, sensor, from, to }, range);
  const done = await exporter.run((at, of) => bar.show(at, of)).finally(() => bar.end());
  if (options.json) process.stdout.write(`${JSON.stringify({ file, ...done })}\n`);
  else {
    const again = done.resumed ? ', gone on with' : '';
    process.stdout.write(`${file}: ${done.readings} readings, up to ${done.group}:${done.upto}${again}\n`);
  }
}

async function importFrom(file: string, { node, ingest, json }: ImportOptions): Promise<void> {
  const bars = {
    read: new ProgressBar('read   ', 'bytes'),
    compare: new ProgressBar('compare', 'readings'),
    write: new ProgressBar('write  ', 'readings'),
  };
  const importer = new Importer(new ApiClient(node), ingest.replace(/\/$/, ''), file);
  const done = await importer.run((step, at, of) => bars[step].show(at, of)).finally(() => bars.write.end());
  if (json) process.stdout.write(`${JSON.stringify({ file, ...done })}\n`);
  else {
    process.stdout.write(
      `${file}: ${done.added} of ${done.readings} readings added, ${done.present} were there\n`,
    );
  }
}

function matchOf(sensor: string): Match | null {
  if (sensor === '#') return null;
  const match = parseMatch(sensor);
  if (!match.ok) throw new Failure(`--sensor: ${match.problem}`, EXIT.usage);
  return match.value;
}

function momentOf(name: string, text: string, nowMs: number): number {
  const moment = parseMoment(name, text, nowMs);
  if (!moment.ok) throw new Failure(moment.problem, EXIT.usage);
  return moment.value;
}
