// Acts on a node never go over its read API: they come in over a unix socket in its data directory that only the
// node's own user may open. One request a line, one answer a line, both JSON. SPEC rules CT1-CT3.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../kit/log.ts';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { type ControlAnswer, type ControlRequest, parseRequest } from './request.ts';

/** The longest path a unix socket may have on Linux, less its ending zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Why no socket can be bound there; null when one can. */
export function socketPathProblem(path: string): string | null {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return null;
  return `the control socket's path may have at most ${SOCKET_PATH_BYTES_MAX} bytes, choose a shorter DATA_DIR: ${path}`;
}

export class ControlServer {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(hub: Hub, log: Log, path: string) {
    this.#hub = hub;
    this.#log = log;
    this.#path = path;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = LIMITS.controlClientsMax;
  }

  /** The data directory is locked by this process, so a socket found there was left behind. */
  static async start(hub: Hub, log: Log, path: string): Promise<ControlServer> {
    rmSync(path, { force: true });
    const control = new ControlServer(hub, log, path);
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
    const unknown = request.sensors.filter((sensor) => this.#hub.latestOf(sensor) === null);
    const known = request.sensors.filter((sensor) => !unknown.includes(sensor));
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
