// Which node of this machine an act is meant for: the one that keeps its data in a place, or the one that is named
// where several do. SPEC rule CL5.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure } from './failure.ts';

const SOCKET = 'control.sock';

export interface NodeChoice {
  readonly dataDir: string;
  readonly nodeId?: string;
}

export function socketPath({ dataDir, nodeId }: NodeChoice): string {
  if (nodeId !== undefined) return join(dataDir, nodeId, SOCKET);
  const nodes = existsSync(dataDir)
    ? readdirSync(dataDir).filter((name) => existsSync(join(dataDir, name, SOCKET)))
    : [];
  if (nodes.length === 1) return join(dataDir, nodes[0] ?? '', SOCKET);
  throw new Failure(
    nodes.length === 0
      ? `no running node keeps its data in ${dataDir}: give --data-dir`
      : `several nodes keep their data in ${dataDir}: give --node-id, one of ${nodes.join(', ')}`,
    EXIT.usage,
  );
}
