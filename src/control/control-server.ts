// Acts on a node never go over its read API: they come in over a unix socket in its data directory that only the
// node's own user may open. One request a line, one answer a line, both JSON. SPEC rules CT1-CT4.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Hub } from '../hub/hub.ts';
import type { Past } from '../hub/past.ts';
import { unreachable } from '../kit/assert.ts';
import type { Log } from '../kit/log.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { type ControlAnswer, type ControlRequest, parseRequest } from './request.ts';

/** The longest path a unix socket may have on Linux, less its ending zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Why no socket can be bound there; null when one can. */
export function socketPathProblem(path: string): string | null {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return null;
  return `the control socket's path may have at most ${SOCKET_PATH_BYTES_MAX} bytes, choose a shorter DATA_DIR: ${path}`;
}

/** Cuts this node off from peers: for nodes that are there to be drilled. */
export type Cut = (peers: readonly PeerId[]) => void;

export interface ControlOptions {
  /** Null at a node that takes no part in drills. */
  readonly cut?: Cut | null;
  /** Null at a node that keeps no database. */
  readonly past?: Past | null;
}

export class ControlServer {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #path: string;
  readonly #cut: Cut | null;
  readonly #past: Past | null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(hub: Hub, log: Log, path: string, { cut = null, past = null }: ControlOptions) {
    this.#cut = cut;
    this.#past = past;
    this.#hub = hub;
    this.#log = log;
    this.#path = path;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = LIMITS.controlClientsMax;
  }

  /** The data directory is locked by this process, so a socket found there was left behind. */
  static async start(hub: Hub, log: Log, path: string, options: ControlOptions = {}): Promise<ControlServer> {
    rmSync(path, { force: true });
    const control = new ControlServer(hub, log, path, options);
    await new Promise<void>((listening, failed) => {
      control.#server.once('error', failed);
      control.#server.listen(path, listening);
    });
    control.#server.on('error', (error) => log.error('the control socket failed', { why: error.message }));
    // Until here the directory, which only its own user may enter, keeps others out.
    chmodSync(path, 0o600);
    return control;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
    rmSync(this.#path, { force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8');
    socket.setTimeout(LIMITS.controlIdleMsMax, () => socket.destroy());
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) void this.#answer(socket, line);
      if (text.length <= LIMITS.controlLineBytesMax) return;
      send(socket, { ok: false, problem: `a request has at most ${LIMITS.controlLineBytesMax} bytes` });
      socket.end();
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const request = parseRequest(line);
    if (!request.ok) {
      send(socket, { ok: false, problem: request.problem });
      return;
    }
    try {
      send(socket, await this.#act(request.value));
    } catch (error) {
      send(socket, { ok: false, problem: error instanceof Error ? error.message : String(error) });
    }
  }

  async #act(request: ControlRequest): Promise<ControlAnswer> {
    switch (request.act) {
      case 'forget':
        return this.#forget(request.sensors);
      case 'transfer':
        return this.#command(request.act, { kind: 'transfer', to: request.to });
      case 'leave':
        return this.#command(request.act, { kind: 'leave' });
      case 'remove':
        return this.#command(request.act, { kind: 'remove', peer: request.peer });
      case 'sql':
        if (this.#past === null)
          return { ok: false, problem: 'this node keeps no database (HISTORY_DB=off)' };
        return { ok: true, ...(await this.#past.sql(request.text)) };
      case 'cut':
        if (this.#cut === null) return { ok: false, problem: 'this node takes no part in drills' };
        this.#cut(request.peers);
        return { ok: true, done: 'cut' };
      default:
        return unreachable(request);
    }
  }

  async #command(
    done: 'transfer' | 'leave' | 'remove',
    command: Parameters<Hub['command']>[0],
  ): Promise<ControlAnswer> {
    await this.#hub.command(command);
    this.#log.info('asked of the group and done', { act: done });
    return { ok: true, done };
  }

  async #forget(sensors: readonly SensorId[]): Promise<ControlAnswer> {
    const unknown = sensors.filter((sensor) => this.#hub.latestOf(sensor) === null);
    const known = sensors.filter((sensor) => !unknown.includes(sensor));
    if (known.length === 0) return { ok: false, problem: `no such sensor here: ${list(unknown)}` };

    const { firstN } = await this.#hub.forget(known);
    this.#log.info('sensors forgotten', { count: known.length });
    return { ok: true, forgotten: known, unknown, firstN };
  }
}

function send(socket: Socket, answer: ControlAnswer): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
}

function list(sensors: readonly SensorId[]): string {
  return sensors.map((sensor) => JSON.stringify(sensor)).join(', ');
}
