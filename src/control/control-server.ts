// Acts on a node never go over its read API: they come in over a unix socket in its data directory that only the
// node's own user may open. One request a line, one answer a line, both JSON. SPEC rules CT1-CT4.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Hub } from '../hub/hub.ts';
import type { Past } from '../hub/past.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import { unreachable } from '../kit/assert.ts';
import type { Log } from '../kit/log.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { isReservedName } from '../model/reserved-name.ts';
import { type Access, actOnDevices, auditedAct } from './device-acts.ts';
import { type ControlAnswer, type ControlRequest, type Frozen, parseAsker, parseRequest } from './request.ts';
import { actOnTrust, type TrustActs } from './trust-acts.ts';

/** The longest path a unix socket may have on Linux, less its ending zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Why no socket can be bound there; null when one can. */
export function socketPathProblem(path: string): string | null {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return null;
  return `the control socket's path may have at most ${SOCKET_PATH_BYTES_MAX} bytes, choose a shorter DATA_DIR: ${path}`;
}

/** Cuts this node off from peers: for nodes that are there to be drilled. */
export type Cut = (peers: readonly PeerId[]) => void;

/** Makes what this node sends leave later. */
export type Slow = (delayMs: number) => void;

/** Hands over once more what a sink was given; says why not, or null. */
export type Replay = (sink: string, from: number) => string | null;

export interface ControlOptions {
  readonly replay?: Replay;
  /** Null where nothing is kept that could be copied. */
  readonly freeze?: (() => Frozen) | null;
  /** Null at a node that takes no part in drills. */
  readonly cut?: Cut | null;
  readonly slow?: Slow | null;
  /** Null where nothing is known of sensors beyond their readings. */
  readonly registry?: SensorRegistry | null;
  /** Null at a node that keeps no database. */
  readonly past?: Past | null;
  /** Null where nothing is known of devices. */
  readonly access?: Access | null;
  /** Null at a node without a certificate of a site. */
  readonly trust?: TrustActs | null;
}

export class ControlServer {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #path: string;
  readonly #cut: Cut | null;
  readonly #slow: Slow | null;
  readonly #past: Past | null;
  readonly #replay: Replay;
  readonly #freeze: (() => Frozen) | null;
  readonly #registry: SensorRegistry | null;
  readonly #access: Access | null;
  readonly #trust: TrustActs | null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(
    hub: Hub,
    log: Log,
    path: string,
    {
      cut = null,
      slow = null,
      past = null,
      replay = noSinks,
      freeze = null,
      registry = null,
      access = null,
      trust = null,
    }: ControlOptions,
  ) {
    this.#cut = cut;
    this.#slow = slow;
    this.#past = past;
    this.#replay = replay;
    this.#freeze = freeze;
    this.#registry = registry;
    this.#access = access;
    this.#trust = trust;
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
      send(socket, await this.#audited(request.value, parseAsker(line)));
    } catch (error) {
      send(socket, { ok: false, problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Who leaves can write nothing afterwards; of all else it is written down that it was done. (AC8) */
  async #audited(request: ControlRequest, by: string): Promise<ControlAnswer> {
    const act = auditedAct(request, by);
    if (act === null || this.#access === null) return this.#act(request, by);
    const { audit } = this.#access;
    if (request.act === 'leave') await audit.record(act);
    const answer = await this.#act(request, by);
    if (request.act !== 'leave' && answer.ok) await audit.record(act);
    return answer;
  }

  async #act(request: ControlRequest, by: string): Promise<ControlAnswer> {
    switch (request.act) {
      case 'device-add':
      case 'device-list':
      case 'ca':
      case 'device-remove':
        if (this.#access === null) return { ok: false, problem: 'this node knows of no devices' };
        return actOnDevices(this.#access, request, by);
      case 'invite':
      case 'revoke':
        return actOnTrust(this.#trust, request, by);
      case 'forget':
        return this.#forget(request.sensors);
      case 'transfer':
        return this.#command(request.act, { kind: 'transfer', to: request.to });
      case 'leave':
        return this.#command(request.act, { kind: 'leave' });
      case 'remove':
        // Whoever can takes its certificate away first: it is cut off at once. (TR13)
        if (this.#trust?.isAuthority) await this.#trust.revoke(request.peer, by);
        return this.#command(request.act, { kind: 'remove', peer: request.peer });
      case 'sql':
        if (this.#past === null)
          return { ok: false, problem: 'this node keeps no database (HISTORY_DB=off)' };
        return { ok: true, ...(await this.#past.sql(request.text)) };
      case 'describe':
        if (this.#registry === null) return { ok: false, problem: 'this node keeps no registry' };
        return { ok: true, description: await this.#registry.describe(request.sensor, request.change) };
      case 'replay': {
        const problem = this.#replay(request.sink, request.from);
        return problem === null ? { ok: true, done: 'replay' } : { ok: false, problem };
      }
      case 'freeze': {
        if (this.#freeze === null)
          return { ok: false, problem: 'this node keeps nothing that could be copied' };
        const frozen = this.#freeze();
        this.#log.info('what is kept here was copied for a backup', { watermark: frozen.watermark });
        return { ok: true, frozen };
      }
      case 'cut':
        if (this.#cut === null) return NOT_DRILLED;
        this.#cut(request.peers);
        return { ok: true, done: 'cut' };
      case 'slow':
        if (this.#slow === null) return NOT_DRILLED;
        this.#slow(request.delayMs);
        return { ok: true, done: 'slow' };
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
    const unknown = sensors.filter((sensor) => isReservedName(sensor) || this.#hub.latestOf(sensor) === null);
    const known = sensors.filter((sensor) => !unknown.includes(sensor));
    if (known.length === 0) return { ok: false, problem: `no such sensor here: ${list(unknown)}` };

    const { firstN } = await this.#hub.forget(known);
    this.#log.info('sensors forgotten', { count: known.length });
    return { ok: true, forgotten: known, unknown, firstN };
  }
}

const NOT_DRILLED: ControlAnswer = { ok: false, problem: 'this node takes no part in drills' };

function noSinks(): string {
  return 'this node has no sinks (SINKS_CONFIG)';
}

function send(socket: Socket, answer: ControlAnswer): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
}

function list(sensors: readonly SensorId[]): string {
  return sensors.map((sensor) => JSON.stringify(sensor)).join(', ');
}
