// `$SYS/broker/…`: what this node's broker counts, under the names that Mosquitto gave them. SPEC rule MQ11.

import { performance } from 'node:perf_hooks';
import { LIMITS } from '../../model/limits.ts';

export interface BrokerCounts {
  bytesReceived: number;
  bytesSent: number;
  publishesReceived: number;
  connectionsMost: number;
}

export interface BrokerState {
  readonly version: string;
  readonly connected: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly sent: number;
  readonly dropped: number;
  readonly counts: BrokerCounts;
}

const SYS = '$SYS/broker/';

const startedMs = performance.now();

export function sysTopics(state: BrokerState): readonly (readonly [topic: string, value: string])[] {
  const { counts } = state;
  const uptimeS = Math.floor((performance.now() - startedMs) / 1_000);
  const rows: readonly (readonly [string, string | number])[] = [
    ['version', `sensorium version ${state.version}`],
    ['uptime', `${uptimeS} seconds`],
    ['clients/connected', state.connected],
    ['clients/disconnected', state.sessions - state.connected],
    ['clients/total', state.sessions],
    ['clients/maximum', counts.connectionsMost],
    ['subscriptions/count', state.subscriptions],
    ['retained messages/count', state.retained],
    ['messages/received', counts.publishesReceived],
    ['messages/sent', state.sent],
    ['publish/messages/received', counts.publishesReceived],
    ['publish/messages/sent', state.sent],
    ['publish/messages/dropped', state.dropped],
    ['bytes/received', counts.bytesReceived],
    ['bytes/sent', counts.bytesSent],
    ['limits/packet/bytes', LIMITS.mqttPacketBytesMax],
  ];
  return rows.map(([name, value]) => [SYS + name, String(value)]);
}
