// A running node: the one place that knows every part and puts them together, in the order in which they may
// speak: disk, peer, peers' sockets, edges.

import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ReadApi } from '../api/read-api.ts';
import type { Config } from '../config/config.ts';
import { ControlServer } from '../control/control-server.ts';
import { Discovery } from '../host/discovery/discovery.ts';
import { Host } from '../host/host.ts';
import type { NodeLog } from '../host/log.ts';
import { FaultyTransport } from '../host/network/faulty-transport.ts';
import { SocketTransport } from '../host/network/socket-transport.ts';
import type { Transport } from '../host/network/transport.ts';
import { DataDirectory } from '../host/storage/data-directory.ts';
import { HttpIngest } from '../ingest/http/http-ingest.ts';
import { SensorRunner } from '../ingest/sensors/sensor-runner.ts';
import { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { peerOptionsOf } from './peer-options.ts';

export {};
