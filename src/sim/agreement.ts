// What must hold once the faults have ended and the devices are quiet: all running peers know one another, hold
// the same streams, show the same readings, and those are the right ones. SPEC rules SM9, SM16, SM17.

import { type Address, addressText, sameAddress } from '../model/address.ts';
import { identityText, type PeerId, type SensorId } from '../model/ids.ts';
import type { LatestReading } from '../model/view.ts';
import { sameRecord } from './checkers/one-name-one-content.ts';
import { expectedWinners, type Reached } from './expected.ts';
import type { Ledger } from './ledger.ts';
import type { SimNode } from './node.ts';
import type { PeerProcess } from './process.ts';
import type { World } from './world.ts';

export interface AgreementOptions {
  /** Whether peers may have dropped tombstones: they were kept for few changes. */
  readonly tombstonesDropped: boolean;
}

type Node = SimNode<PeerProcess>;

/** What still differs, in words; nothing when all agree. Cheap questions come first and end it. */
export function disagreements(
  world: World<PeerProcess>,
  ledger: Ledger,
  options: AgreementOptions,
): readonly string[] {
  const running = world.nodes.filter((node) => node.process !== null);
  const idle = running.filter((node) => !node.up || node.paused);
  if (idle.length > 0 || running.length === 0)
    return [`${idle.length} of ${running.length} are not yet there`];
  const members = running.flatMap((node) => wrongMembers(node, running, world.nodes));
  if (members.length > 0) return members;
  const streams = differentStreams(running);
  if (streams.length > 0) return streams;
  const views = differentViews(running, ledger);
  if (views.length > 0) return views;
  return [...wrongWinners(running, ledger, options), ...lostReadings(running, ledger)];
}

function wrongMembers(node: Node, running: readonly Node[], all: readonly Node[]): string[] {
  const wrong: string[] = [];
  const membership = node.process?.peer.membership;
  for (const other of all) {
    if (other === node || !membership) continue;
    const status = membership.statusOf(other.peer);
    if (!running.includes(other)) {
      const isKnown = status === null || status === 'dead' || status === 'left';
      if (!isKnown) wrong.push(`${node.peer} takes ${other.peer} for ${status}, which is gone`);
    } else if (status === null) wrong.push(`${node.peer} does not know ${other.peer}`);
    else if (status !== 'alive') wrong.push(`${node.peer} takes ${other.peer} for ${status}`);
    else if (!knowsAddress(node, other.peer, other.address)) {
      wrong.push(`${node.peer} looks for ${other.peer} elsewhere than at ${addressText(other.address)}`);
    }
  }
  return wrong;
}

function knowsAddress(node: Node, other: PeerId, address: Address): boolean {
  const known = node.process?.addressOf(other) ?? null;
  return known !== null && sameAddress(known, address);
}

function differentStreams(running: readonly Node[]): string[] {
  return differences(
    running,
    (node) => streamsText(node),
    (name, a, b) => `stream ${name} is ${a} and ${b}`,
  );
}

function streamsText(node: Node): Map<string, string> {
  const streams = node.process?.peer.replication.streams() ?? [];
  return new Map(
    streams
      .filter(({ upto }) => upto > 0)
      .map(({ origin, identity, upto }) => [`${origin} ${identityText(identity)}`, String(upto)]),
  );
}

function differentViews(running: readonly Node[], ledger: Ledger): string[] {
  const doubtful = doubtfulSensors(running, ledger);
  const say = (sensor: string, a: string, b: string) => `${sensor} shows ${a} and ${b}`;
  const found = differences(running, (node) => viewText(node, doubtful), say);
  if (found.length > 0 || doubtful.size > 0) return found;
  const hashes = new Set(running.map((node) => node.process?.peer.replication.stateHash()));
  return hashes.size > 1 ? ['all views are equal and their hashes are not'] : [];
}

/** Sensors for which some peer shows a reading under a number that means two things. */
function doubtfulSensors(running: readonly Node[], ledger: Ledger): ReadonlySet<SensorId> {
  const doubtful = new Set<SensorId>();
  if (!ledger.hasForks) return doubtful;
  for (const node of running) {
    for (const latest of node.process?.peer.replication.latest() ?? []) {
      if (ledger.isForked(latest)) doubtful.add(latest.record.sensor);
    }
  }
  return doubtful;
}

function viewText(node: Node, leftOut: ReadonlySet<SensorId>): Map<string, string> {
  const view = new Map<string, string>();
  for (const latest of node.process?.peer.replication.latest() ?? []) {
    const { origin, identity, record, unit, periodMs } = latest;
    if (leftOut.has(record.sensor)) continue;
    const value = JSON.stringify(record.value);
    const name = `${origin} ${identityText(identity)} ${record.n}`;
    view.set(record.sensor, `${value} of ${name} at ${record.lwwTsMs} ${unit} ${periodMs}`);
  }
  return view;
}

/** Compares each node's map with the first one's. */
function differences(
  running: readonly Node[],
  mapOf: (node: Node) => Map<string, string>,
  say: (key: string, a: string, b: string) => string,
): string[] {
  const [first, ...others] = running;
  if (first === undefined) return [];
  const found: string[] = [];
  const mine = mapOf(first);
  for (const other of others) {
    const theirs = mapOf(other);
    for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
      const a = mine.get(key) ?? 'missing';
      const b = theirs.get(key) ?? 'missing';
      if (a !== b) found.push(say(key, `${a} at ${first.peer}`, `${b} at ${other.peer}`));
    }
    if (found.length > 0) break;
  }
  return found;
}

function wrongWinners(running: readonly Node[], ledger: Ledger, options: AgreementOptions): string[] {
  const replication = running[0]?.process?.peer.replication;
  if (!replication) return [];
  const reached: Reached[] = [];
  const wrong: string[] = [];
  for (const stream of ledger.streams()) {
    const upto = replication.upto(stream);
    if (upto > stream.durableN) wrong.push(`${stream.origin} is known up to ${upto} of ${stream.durableN}`);
    reached.push({ stream, upto });
  }
  const shown = new Map<SensorId, LatestReading>();
  for (const latest of replication.latest()) shown.set(latest.record.sensor, latest);

  const doubtful = doubtfulSensors(running, ledger);
  const expected = expectedWinners(reached);
  for (const sensor of new Set([...shown.keys(), ...expected.keys()])) {
    const should = expected.get(sensor);
    const does = shown.get(sensor);
    if (doubtful.has(sensor) || (should && ledger.isForked(should))) continue;
    if (ledger.isDoubtfullyForgotten(sensor)) continue;
    // Once its tombstone is dropped, an origin takes what is said late of a forgotten sensor.
    if (options.tombstonesDropped && ledger.wasForgotten(sensor)) continue;
    // From beyond a gap that nobody can fill any more: shown, and not a part of what was reached.
    if (does && does.record.n > replication.upto(does)) continue;
    // The same of a tombstone.
    const forgottenTsMs = replication.forgottenTsMs(sensor);
    if (should && !does && forgottenTsMs !== null && forgottenTsMs >= should.record.lwwTsMs) continue;
    if (should && does && should.origin === does.origin && sameRecord(should.record, does.record)) continue;
    const shouldText = should ? `${should.origin} ${should.record.n} at ${should.record.lwwTsMs}` : 'nothing';
    const doesText = does ? `${does.origin} ${does.record.n} at ${does.record.lwwTsMs}` : 'nothing';
    wrong.push(`${sensor} shows ${doesText}, it must be ${shouldText}`);
  }
  return wrong;
}

/** Of each sensor the latest reading that its origin still has on its disk must be in the origin's registers. */
function lostReadings(running: readonly Node[], ledger: Ledger): string[] {
  const lost: string[] = [];
  for (const node of running) {
    const held = new Map<SensorId, number>();
    for (const { origin, records } of node.process?.peer.replication.snapshotStreams() ?? []) {
      if (origin !== node.peer) continue;
      for (const record of records) {
        if (record.kind !== 'reading') continue;
        held.set(record.sensor, Math.max(record.lwwTsMs, held.get(record.sensor) ?? 0));
      }
    }
    for (const [sensor, record] of ledger.lastKept(node.peer)) {
      const heldMs = held.get(sensor) ?? 0;
      if (ledger.wasForgotten(sensor) || heldMs >= record.lwwTsMs) continue;
      lost.push(
        `${node.peer} stored ${JSON.stringify(record.value)} of ${sensor} at ${record.lwwTsMs} and has ${heldMs}`,
      );
    }
  }
  return lost;
}
