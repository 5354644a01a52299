// `sensorium alerts` shows what is the matter; `sensorium alert check FILE` says what is wrong with a file of rules before a
// node is started with it. SPEC rules AL1, AL8.

import type { Command } from 'commander';
import { AlertsConfigError, readAlertsConfig } from '../../alerts/alerts.ts';
import { type AlertRow, ApiClient } from '../api-client.ts';
import { EXIT, Failure } from '../failure.ts';
import { ageText, plain, table } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';

interface ListOptions {
  readonly node: string;
  readonly json?: true;
  readonly all?: true;
}

export function addAlertCommands(program: Command): void {
  program
    .command('alerts')
    .description('what is the matter at the site')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--all', 'also what is over')
    .option('--json', 'print JSON')
    .action(async ({ node, all, json }: ListOptions) => {
      const rows = await new ApiClient(node).alerts(all ? {} : { state: 'raised' });
      process.stdout.write(`${json ? JSON.stringify(rows) : alertTable(rows, Date.now())}\n`);
    });

  program
    .command('alert')
    .description('rules for what people are told of')
    .command('check <file>')
    .description('whether a node can be started with this file as ALERTS_CONFIG')
    .action(async (file: string) => {
      const { rules, webhooks, silent } = await readAlertsConfig(file).catch((cause: unknown) => {
        if (cause instanceof AlertsConfigError) throw new Failure(cause.message, EXIT.usage, { cause });
        throw cause;
      });
      const noticed = silent === null ? 'silence is not noticed' : 'silence is noticed';
      process.stdout.write(`${file}: ${rules.length} rules, ${webhooks.length} webhooks, ${noticed}\n`);
    });
}

function alertTable(rows: readonly AlertRow[], nowMs: number): string {
  if (rows.length === 0) return 'nothing is the matter';
  return table(
    ['severity', 'rule', 'state', 'since', 'what', 'told'],
    rows.map((row) => [
      row.severity,
      row.rule,
      row.state,
      ageText(nowMs - row.changed_ts_ms),
      plain(row.text),
      row.told.length === 0 ? '-' : row.told.join(' '),
    ]),
  );
}
