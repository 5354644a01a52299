// Whether a node can listen, be found and find others from this machine: ports, names, seeds, broadcast. SPEC rule OP5.

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/config.ts';
import { broadcastAddresses } from '../../host/discovery/broadcast-addresses.ts';
import { type Address, addressText } from '../../model/address.ts';
import { type Finding, fine, odd, wrong } from './finding.ts';

const ANSWER_MS = 1_500;
/** Without one, any node of this machine: its own ports are taken by it. */
export interface Running {
  readonly id: string | null;
}

export async function networkFindings(config: Config, running: Running): Promise<readonly Finding[]> {
  const ports =
    running.id === null ? await portFindings(config) : [fine('ports', `in use by ${running.id}, which runs`)];
  const seeds = await Promise.all(config.bootstrapPeers.map(seedFinding));
  return [...ports, ...(await nameFinding(config)), ...seeds, await broadcastFinding(config)];
}

async function portFindings(config: Config): Promise<readonly Finding[]> {
  const listeners: readonly (readonly [string, number | null])[] = [
    ['PORT', config.port],
    ['WEB_API_PORT', config.webApiPort],
    ['INGEST_PORT', config.ingestPort],
    ['MQTT_PORT', config.mqttPort],
  ];
  const given = listeners.flatMap(([name, port]) =>
    port === null || port === 0 ? [] : [[name, port] as const],
  );
  const problems = await Promise.all(
    given.map(async ([name, port]) => [name, port, await bindProblem(config.host, port)] as const),
  );
  const taken = problems.filter(([, , problem]) => problem !== null);
  if (taken.length === 0)
    return [fine('ports', `${given.map(([, port]) => port).join(', ')} are free at ${config.host}`)];
  return taken.map(([name, port, problem]) =>
    wrong(
      'ports',
      `${name} ${port} cannot be used at ${config.host}: ${problem}`,
      `Stop what uses it, or choose another ${name}.`,
    ),
  );
}

function bindProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

async function nameFinding({ advertiseHost }: Config): Promise<readonly Finding[]> {
  if (advertiseHost === null) return [];
  const address = await addressOf(advertiseHost);
  const todo =
    'Others dial it: enter it in the DNS or in their hosts files, or set ADVERTISE_HOST to an address.';
  return address === null
    ? [wrong('name', `ADVERTISE_HOST ${advertiseHost} has no address here`, todo)]
    : [
        fine(
          'name',
          `others are told to dial ${advertiseHost}${address === advertiseHost ? '' : `, which is ${address}`}`,
        ),
      ];
}

async function seedFinding(seed: Address): Promise<Finding> {
  const text = addressText(seed);
  if ((await addressOf(seed.host)) === null) {
    return wrong(
      'seed',
      `${text} has no address here`,
      'Correct BOOTSTRAP_PEERS, or enter the name in the DNS.',
    );
  }
  const problem = await dialProblem(seed);
  if (problem === null) return fine('seed', `${text} takes connections`);
  return odd(
    'seed',
    `${text} does not answer: ${problem}`,
    'Start that node, or open its port in the firewall (TCP and UDP).',
  );
}

function dialProblem({ host, port }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (problem: string | null) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(ANSWER_MS, () => end('silence'));
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

async function addressOf(host: string): Promise<string | null> {
  try {
    return (await lookup(host)).address;
  } catch {
    return null;
  }
}

/** A broadcast to a port of our own choice comes back to the socket that sent it. */
async function broadcastFinding({ discovery, host, broadcastPort }: Config): Promise<Finding> {
  if (!discovery) return fine('discovery', 'off: nodes are found through BOOTSTRAP_PEERS');
  const heard = await hearsItself(broadcastAddresses(host, networkInterfaces()));
  const todo =
    'Set BOOTSTRAP_PEERS, and DISCOVERY=off; or allow UDP broadcast (a default route, the firewall).';
  return heard
    ? fine('discovery', `broadcasts go out and come in (UDP ${broadcastPort} must be open between the nodes)`)
    : odd('discovery', 'broadcasts do not come back on any interface', todo);
}

function hearsItself(addresses: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const timer = setTimeout(() => end(false), ANSWER_MS);
    const end = (heard: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(heard);
    };
    socket.once('error', () => end(false));
    socket.once('message', () => end(true));
    socket.bind(0, () => {
      socket.setBroadcast(true);
      const { port } = socket.address();
      // One that has no way out is no verdict on the others.
      for (const address of addresses) socket.send('sensorium doctor', port, address, () => {});
    });
  });
}
