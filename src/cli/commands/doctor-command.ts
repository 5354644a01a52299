// `sensorium doctor`: what is wrong with this machine, its network and the site, and what to do about it; with the
// options that the node has. SPEC rule OP5.

import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { isWildcard } from '../../config/relations.ts';
import { type Finding, findingsText, odd } from '../doctor/finding.ts';
import { machineFindings } from '../doctor/machine.ts';
import { networkFindings } from '../doctor/network.ts';
import { healthAt, siteFindings } from '../doctor/site.ts';
import { trustFindings } from '../doctor/trust.ts';
import { EXIT } from '../failure.ts';
import { loadedOr, withNodeOptions } from './config-command.ts';

interface DoctorOptions {
  readonly node?: string;
  readonly json?: true;
}

export function addDoctorCommand(program: Command): void {
  withNodeOptions(program.command('doctor'))
    .description(
      'what is wrong here and what to do: disk, clock, certificate, ports, names, discovery, versions, quorum',
    )
    .option('--node <url>', 'read API of the node to ask; without it the one that these options would start')
    .action(async (options: DoctorOptions, command: Command) => {
      const { config } = loadedOr(command.args);
      const findings = await examine(config, options.node ?? ownUrl(config));
      process.stdout.write(`${options.json ? JSON.stringify(findings) : findingsText(findings)}\n`);
      process.exitCode = findings.some(({ state }) => state === 'wrong') ? EXIT.failed : EXIT.ok;
    });
}

export async function examine(config: Config, url: string): Promise<readonly Finding[]> {
  const health = await healthAt(url);
  const isOwn =
    health !== null &&
    (config.nodeId === null || config.nodeId === health.node) &&
    health.site === config.site;
  const machine = [...machineFindings(config), ...trustFindings(config, Date.now())];
  const network = await networkFindings(config, { id: isOwn ? health.node : null });
  const todo = 'Start it: sensorium node. If it runs, its log says why it does not answer.';
  const site =
    health === null ? [odd('node', `none answers at ${url}`, todo)] : await siteFindings(url, health);
  return [...machine, ...network, ...site];
}

export function ownUrl({ host, webApiPort }: Config): string {
  const reached = isWildcard(host) ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${webApiPort}`;
}
