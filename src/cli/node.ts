// A running node: the one place that knows every part and puts them together, in the order in which they may
// speak: disk, peer, other peers, edges; and takes them apart the other way round.

import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReadApi } from '../api/read-api.ts';
import type { Config } from '../config/config.ts';
import { ControlServer, type Cut, type Slow, socketPathProblem } from '../control/control-server.ts';
import { CsvFollower } from '../history/csv-follower.ts';
import { DatabaseFollower } from '../history/database/database-follower.ts';
import { DISCOVERY_PACE, Discovery } from '../host/discovery/discovery.ts';
import { Host } from '../host/host.ts';
import { NodeLog } from '../host/log.ts';
import { advertisedHost } from '../host/network/advertised-host.ts';
import { freePorts } from '../host/network/free-ports.ts';
import { Retention } from '../host/retention.ts';
import { DataDirectory, DataDirectoryError } from '../host/storage/data-directory.ts';
import { NodeStore } from '../host/storage/node-store.ts';
import type { PeerHub } from '../hub/peer-hub.ts';
import { Inbox } from '../ingest/inbox.ts';
import { Refusals } from '../ingest/refusals.ts';
import { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import { addressText } from '../model/address.ts';
import { findingText } from '../storage/finding.ts';
import type { Trust } from '../trust/peer-security.ts';
import { accessOf } from './access.ts';
import { discardFrozen, frozenOf } from './backup/freeze.ts';
import { type DeviceTls, deviceTls, keepNamed } from './device-tls.ts';
import { EXIT, Failure } from './failure.ts';
import { Inputs } from './inputs.ts';
import { startKnowledge } from './knowledge.ts';
import { listening, textOf } from './listening.ts';
import { openTransport } from './node-transport.ts';
import { hostsOf, nodeTrust } from './node-trust.ts';
import { peerOptionsOf, retentionOf } from './peer-options.ts';
import { SiteMember } from './site-member.ts';
import { startSinks } from './start-sinks.ts';

const CONTROL_SOCKET = 'control.sock';
const DATABASE = 'history.db';
const CSV_PIN = 'csv';
const CSV_PIN_MS = 3_600_000;
const LIVE_HEARTBEAT_MS = 15_000;
/** A member heard of directly within so many heartbeats is shown as alive by own evidence. */
const RECENT_HEARTBEATS = 10;
const SEED_BELOW = 2 ** 47;

interface EdgeOptions {
  readonly advertised: Address;
  readonly apiPort: number;
  readonly isInsecure: boolean;
  readonly trust: Trust | null;
  readonly tls: DeviceTls | null;
  readonly member: SiteMember | null;
}

export class Node {
  readonly log: NodeLog;
  /** Rejects when the node cannot go on. */
  readonly failed: Promise<never>;
  /** Whether it can be cut off from others, for drills. */
  readonly #drills: boolean;
  #cut: Cut | null = null;
  #slow: Slow | null = null;
  readonly #stops: (() => Promise<void>)[] = [];
  #fail: (why: unknown) => void = () => {};
  #retain: (config: Config) => void = () => {};

  private constructor(log: NodeLog, drills: boolean) {
    this.log = log;
    this.#drills = drills;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  /** Resolves when all listeners answer. A part that can't start stops those before it, and is the failure. */
  static async start(config: Config, { drills = false }: { readonly drills?: boolean } = {}): Promise<Node> {
    const { dataDir, nodeId, clearDataOnStart } = config;
    const directory = await usable(DataDirectory.open({ dataDir, node: nodeId, clear: clearDataOnStart }));
    const node = new Node(await logOf(config, directory), drills);
    try {
      await node.#start(config, directory);
      return node;
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** Takes up what can be while it runs: how much is said, where it is written, and how much history is kept. (OP2) */
  reload(config: Config): void {
    this.log.level = config.logLevel;
    this.log.reopen();
    this.#retain(config);
  }

  /** Takes no more, answers what was taken, says goodbye, and closes the files. */
  async stop(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      // One part that fails must not keep the others, nor hide why the node stops.
      await stop().catch((error: unknown) =>
        this.log.warn('a part did not stop well', { why: textOf(error) }),
      );
    }
  }

  async #start(given: Config, directory: DataDirectory): Promise<void> {
    const { log } = this;
    this.#stops.push(() => directory.release());
    const problem = socketPathProblem(join(directory.path, CONTROL_SOCKET));
    if (problem !== null) throw new Failure(problem, EXIT.usage);
    const { config, trust, member: siteTrust, isInsecure } = nodeTrust(given, directory, log);
    const tls = deviceTls(config, trust);
    let waitedOn: PeerHub | null = null;
    let onDisk: Host | null = null;
    const bounds = { outboxBytesMax: config.outboxMaxBytes, outboxPolicy: config.outboxPolicy };
    const { store, recovered, report, renamed, order } = await usable(
      NodeStore.openOrdered(directory, bounds, {
        failed: ({ kind, detail }) => {
          // A full disk is waited for: what is at it stays unanswered, and nothing is lost. (HO3)
          if (kind === 'full') {
            log.error('the disk is full: nothing is stored until there is room', { detail });
            onDisk?.diskFull();
          } else {
            // Whoever waits for the disk waits in vain, and is told before the inputs close.
            waitedOn?.close('the disk failed');
            this.#fail(new Failure(`the disk failed: ${detail}`));
          }
        },
        happened: (event) => onDisk?.disk(event),
      }),
    );
    for (const finding of report) log.warn('found at start', { what: findingText(finding) });
    if (renamed === 'tail-unknown') {
      log.warn('readings at the end of the outbox may be lost; this node goes on under a new identity');
    }

    const [port, apiPort] = await this.#ports(config);
    const advertised: Address = {
      host: config.advertiseHost ?? (await advertisedHost(directory.node)),
      port,
    };
    const host = new Host(
      {
        peer: peerOptionsOf(config, directory.node, advertised, apiPort),
        changesKept: config.replicationDeltaMaxlen,
        commitTimeoutMs: config.commitTimeoutMs,
        broken: (error) => this.#fail(error),
      },
      store,
      store,
      { ...recovered, ...(order && { order }) },
      new Random(randomInt(SEED_BELOW)),
      log,
    );
    waitedOn = host.hub;
    onDisk = host;
    host.hub.follow(({ fact }) => {
      if (fact.type !== 'duplicate-node') return;
      const where = addressText(fact.address);
      this.#fail(
        new Failure(`another live node uses the id ${directory.node}, at ${where}: choose another NODE_ID`),
      );
    });
    this.#stops.push(() => host.stop());
    await Promise.race([host.prepare(), this.failed]);
    const instance = randomBytes(8).toString('hex');
    const where = { address: advertised, apiPort, instance };
    const member = siteTrust && new SiteMember(config, siteTrust, host, log, advertised);
    const guest = member?.guest ?? null;
    const opened = await openTransport(config, trust, guest, host, where, this.#drills);
    const { sockets, transport, cut, slow } = opened;
    this.#cut = cut;
    this.#slow = slow;
    host.open(transport);
    member?.open(sockets);
    this.#stops.push(async () => member?.stop());
    // The log keeps what the files still need, but not for ever: a disk that cannot hold them must not fill with it.
    this.#followOrder(config, host, directory.path, (from) =>
      store.pinLog(CSV_PIN, from, performance.now() + CSV_PIN_MS),
    );
    let retention = Retention.start(retentionOf(config), host, log);
    this.#stops.push(() => retention.stop());
    this.#retain = (kept) => {
      void retention.stop();
      retention = Retention.start(retentionOf(kept), host, log);
    };
    await this.#openEdges(config, host, directory.path, {
      advertised,
      apiPort,
      isInsecure,
      trust,
      tls,
      member,
    });
    if (config.discovery) await this.#openDiscovery(config, host, advertised, instance);

    log.always('ready', {
      port,
      api_port: apiPort,
      ...(config.ingestPort !== null && { ingest_port: config.ingestPort }),
      address: addressText(advertised),
      site: config.site,
      sensors: config.sensors.length,
    });
  }

  /** The ports others are told of must be known before the first word, also where any free one will do. */
  async #ports(config: Config): Promise<readonly [number, number]> {
    if (config.port !== 0 && config.webApiPort !== 0) return [config.port, config.webApiPort];
    const [port = 0, apiPort = 0] = await freePorts(2);
    return [config.port === 0 ? port : config.port, config.webApiPort === 0 ? apiPort : config.webApiPort];
  }

  /** The CSV files, and with them where each latest reading stands in the order. */
  #followOrder(config: Config, host: Host, directory: string, pin: (from: number) => void): void {
    const { hub, history: source } = host;
    const csv = new CsvFollower(this.log, {
      directory,
      wipe: config.clearDataOnStart,
      source,
      placed: (placed) => hub.placed(placed),
      forgetPlaces: () => hub.forgetPlaces(),
      durable: ({ index }) => pin(index + 1),
    });
    const unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'committed') csv.committed();
    });
    host.count(() => csv.counters());
    this.#stops.push(() => {
      unfollow();
      return csv.stop();
    });
  }

  /** The same order in columns, for those who ask about the past. */
  #openPast(config: Config, { hub, history: source }: Host, directory: string): DatabaseFollower | null {
    if (config.historyDb === 'off') return null;
    const { historyDbMemoryMb: memoryMb, historyDbThreads: threads } = config;
    const past = new DatabaseFollower(this.log, {
      path: join(directory, DATABASE),
      memoryMb,
      threads,
      maxAges: config.historyDbMaxAge ?? [],
      maxRows: config.historyDbMaxRows ?? [],
      source,
    });
    const unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'committed') past.committed();
    });
    past.committed();
    this.#stops.push(() => {
      unfollow();
      return past.stop();
    });
    return past;
  }

  async #openEdges(
    config: Config,
    host: Host,
    path: string,
    { advertised, apiPort, isInsecure: insecure, trust, tls, member }: EdgeOptions,
  ): Promise<void> {
    const { hub } = host;
    const { log } = this;
    const past = this.#openPast(config, host, path);
    host.count(() => past?.counters() ?? {});
    const knowledge = await startKnowledge(config, host, log, path);
    this.#stops.push(() => knowledge.stop());
    const { registry, alerts } = knowledge;
    const {
      gate,
      control: access,
      stop: stopAccess,
    } = accessOf(config, hub, log, { advertised, apiPort }, tls);
    host.count(() => ({ tokens_in_clear_total: gate.tokensInClear }));
    const unwatch = keepNamed(trust, () => hostsOf(config, host.self));
    this.#stops.push(async () => unwatch());
    this.#stops.push(async () => stopAccess());
    discardFrozen(path);
    const sinks = await startSinks(config, host, log, path);
    this.#stops.push(() => sinks.stop());
    const control = await ControlServer.start(hub, log, join(path, CONTROL_SOCKET), {
      access,
      trust: member,
      registry,
      cut: this.#cut,
      slow: this.#slow,
      past,
      replay: (sink, from) => sinks.replay(sink, from),
      freeze: () => frozenOf(config, host, path),
    });
    this.#stops.push(() => control.stop());

    const refusals = new Refusals(log, () => Date.now());
    const inbox = new Inbox();
    let isReady = false;
    const api = await listening(config.host, apiPort, () =>
      ReadApi.start(hub, log, {
        host: config.host,
        port: apiPort,
        backlog: config.acceptQueueSize,
        site: config.site,
        version: version(),
        insecure,
        ports: { ingest: config.ingestPort || null, mqtt: config.mqttPort || null },
        ready: () => (isReady ? [] : ['the inputs are being opened']),
        evidenceRecentMs: RECENT_HEARTBEATS * config.heartbeatIntervalMs,
        heartbeatMs: LIVE_HEARTBEAT_MS,
        past,
        registry,
        alerts: () => alerts.all(),
        refusedInput: () => refusals.all(),
        inboxed: () => inbox.all(),
        sinks: () => sinks.views(),
        gate,
        tls,
        dataDirectory: path,
      }),
    );
    this.#stops.push(() => api.stop());

    const inputs = await Inputs.open(hub, log, config, { refusals, inbox, gate, tls, version: version() });
    this.#stops.push(() => inputs.stop());
    host.count(() => inputs.counters());
    isReady = true;
  }

  async #openDiscovery(config: Config, host: Host, address: Address, instance: string): Promise<void> {
    const { site, broadcastPort } = config;
    const discovery = await Discovery.start(
      { site, peer: host.self, instance, host: config.host, address, broadcastPort, pace: DISCOVERY_PACE },
      {
        discovered: (found) => host.deliver({ type: 'discovered', address: found }),
        warning: (text, cause) => this.log.warn(text, { why: String(cause) }),
      },
    );
    host.count(() => discovery.counters());
    const unfollow = host.hub.follow(({ fact }) => {
      if (fact.type !== 'member-joined' && fact.type !== 'member-status') return;
      discovery.alone = host.peer.membership.alivePeers().length === 0;
    });
    this.#stops.push(() => {
      unfollow();
      return discovery.stop();
    });
  }
}

/** A log that cannot be written is the operator's to mend, as is a directory. */
async function logOf(config: Config, directory: DataDirectory): Promise<NodeLog> {
  try {
    return new NodeLog({
      level: config.logLevel,
      node: directory.node,
      file: config.logFile,
      clearFile: config.clearLog,
      fileMaxBytes: config.logFileMaxBytes,
      filesKept: config.logFileKeep,
      text: process.stdout.isTTY === true,
    });
  } catch (cause) {
    await directory.release();
    throw new Failure(`LOG_FILE ${config.logFile} cannot be written: ${textOf(cause)}`, EXIT.usage, {
      cause,
    });
  }
}

async function usable<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (cause) {
    if (cause instanceof DataDirectoryError) throw new Failure(cause.message, EXIT.usage, { cause });
    throw cause;
  }
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
