// How a node speaks to its peers: sockets, secured where there is trust, and between them and the peer what tests and
// drills do to its traffic.

import { randomInt } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { Cut, Slow } from '../control/control-server.ts';
import type { Host } from '../host/host.ts';
import { CutTransport } from '../host/network/cut-transport.ts';
import { FaultyTransport } from '../host/network/faulty-transport.ts';
import type { Guest } from '../host/network/sessions.ts';
import { SocketTransport } from '../host/network/socket-transport.ts';
import type { Transport } from '../host/network/transport.ts';
import { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { Trust } from '../trust/peer-security.ts';
import { listening } from './listening.ts';

export interface NodeTransport {
  readonly sockets: SocketTransport;
  /** The same with all that stands before it. */
  readonly transport: Transport;
  /** For drills; null at a node that takes no part in them. */
  readonly cut: Cut | null;
  readonly slow: Slow | null;
}

export interface Where {
  readonly address: Address;
  readonly apiPort: number;
  readonly instance: string;
}

const SEED_BELOW = 2 ** 47;

export async function openTransport(
  config: Config,
  trust: Trust | null,
  guest: Guest | null,
  host: Host,
  { address, apiPort, instance }: Where,
  drills: boolean,
): Promise<NodeTransport> {
  const { identity, incarnation } = host.peer;
  const sockets = await listening(config.host, address.port, () =>
    SocketTransport.start(
      {
        site: config.site,
        peer: host.self,
        identity,
        incarnation,
        apiPort,
        zone: config.zone,
        instance,
        host: config.host,
        port: address.port,
        advertiseHost: address.host,
        socketTimeoutMs: config.socketTimeoutMs,
        acceptQueueSize: config.acceptQueueSize,
        connectionsMax: config.maxConnections,
        framesPerTickMax: config.maxWorkers,
        trust,
        guest,
      },
      host.events,
    ),
  );
  const faults = {
    delayMs: config.networkDelayMs,
    jitterMs: config.networkDelayJitterMs,
    spikeProb: config.networkDelaySpikeProb,
    spikeMs: config.networkDelaySpikeMs,
    lossProb: config.networkPacketLossProb,
  };
  const isFaulty = Object.values(faults).some((fault) => fault > 0);
  if (!isFaulty && !drills) return { sockets, transport: sockets, cut: null, slow: null };
  const faulty = new FaultyTransport(sockets, faults, new Random(randomInt(SEED_BELOW)));
  if (!drills) return { sockets, transport: faulty, cut: null, slow: null };
  const cuttable = new CutTransport(faulty);
  return {
    sockets,
    transport: cuttable,
    cut: (peers) => cuttable.cut(peers),
    slow: (delayMs) => faulty.slowBy(delayMs),
  };
}
