// Twelve node processes beside twelve agents of Debian's serf (https://www.serf.io), in turns: how soon all know
// all, how soon a killed, a stopped and a cut-off member is noticed everywhere, and what being idle costs.
// `npm run bench -- membership` as root, since each member gets a network namespace; BENCH_TURNS=1 for a quick look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { Eyes } from './_eyes.ts';
import { printTable, spread } from './_figures.ts';
import { type GroupSystem, type Place, SENSORIUM, SERF, type StartedMember, serfVersion } from './_groups.ts';
import { makeHosts } from './_hosts.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { pause } from './_process.ts';

const MEMBERS = 12;
const TURNS = turnsOf(3);
const SETTLE_MS = 10_000;
const IDLE_MS = 30_000;
const BETWEEN_MS = 4_000;
const JOIN_MS = 60_000;
const NOTICE_MS = 60_000;

/** What one turn of one system gave, by what it is called in the table; all processes' figures for the idle ones. */
type Figures = Map<string, number[]>;

const ROWS = [
  ['all know all after the last ready, s', 2],
  ['killed (-9): no longer alive anywhere, s', 2],
  ['killed (-9): dead everywhere, s', 2],
  ['stopped (SIGSTOP): no longer alive anywhere, s', 2],
  ['stopped (SIGSTOP): dead everywhere, s', 2],
  ['cut off: no longer alive at the others, s', 2],
  ['cut off: dead at the others, s', 2],
  ['idle: received as IP packets, B/s each', 0],
  ['idle: of that UDP and TCP payload, B/s each', 0],
  ['idle: received by its own count, B/s each', 0],
  ['idle: packets received, 1/s each', 1],
  ['idle: processor, % of a core each', 2],
  ['idle: resident, MB each', 0],
] as const;

const hosts = makeHosts(MEMBERS);
const isolated = hosts.every((host) => !host.shared);
const version = serfVersion();
const systems = version === null ? [SENSORIUM] : [SENSORIUM, SERF];
console.log(machineText());
console.log(
  `${MEMBERS} processes each, ${TURNS} turns each (${systems.map(({ name }) => name).join(', ')}, …)`,
);
console.log(`the first is started, then the other ${MEMBERS - 1} at once, told of the first`);
console.log(isolated ? 'each in a network namespace of its own' : NO_NAMESPACES());
console.log(version === null ? NO_SERF() : `serf ${version}: ${SERF.knobs}`);
console.log(`sensorium: ${SENSORIUM.knobs}\n`);

const figures = new Map(systems.map((system): [GroupSystem, Figures] => [system, new Map()]));
for (let turn = 1; turn <= TURNS; turn++) {
  for (const [system, ofSystem] of figures) {
    await takeTurn(system, ofSystem);
    console.log(`turn ${turn} of ${system.name} done, ${loadText()}`);
  }
}

console.log();
printTable([
  ['median (min–max)', ...systems.map(({ name }) => name)],
  ...ROWS.map(([row, digits]) => [
    row,
    ...[...figures.values()].map((ofSystem) => spread(ofSystem.get(row) ?? [], digits)),
  ]),
]);
console.log('\nserf shows alive, then failed (dead here); its own suspicions are not shown.');

async function takeTurn(system: GroupSystem, figures: Figures): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-'));
  const eyes = new Eyes();
  const places = await placesOf();
  const names = places.map(({ name }) => name);
  const members = new Map<string, StartedMember>();
  const start = (place: Place): StartedMember => {
    const member = system.start(place, place === places[0] ? null : (places[0] ?? null), directory, eyes);
    members.set(place.name, member);
    return member;
  };
  const note = (row: (typeof ROWS)[number][0], ...values: readonly number[]) => {
    figures.set(row, [...(figures.get(row) ?? []), ...values]);
  };
  const allKnowAll = () => eyes.agree(names, names, 'alive');

  try {
    await Promise.all(places.slice(0, 1).map((place) => start(place).readyAtMs));
    const readyAtMs = await Promise.all(places.slice(1).map((place) => start(place).readyAtMs));
    const knownAtMs = await inTime(eyes, allKnowAll, JOIN_MS, 'all know all');
    note(ROWS[0][0], Math.max(0, knownAtMs - Math.max(...readyAtMs)) / 1_000);

    await pause(SETTLE_MS);
    await measureIdle(system, places, members, note);

    const [killed, stopped, cut] = [places[3], places[6], places[9]];
    if (!killed || !stopped || !cut) throw new Error('there are too few members');
    const lose = async (victim: Place, rows: readonly [Row, Row], fault: () => void): Promise<void> => {
      const others = names.filter((name) => name !== victim.name);
      const atMs = performance.now();
      fault();
      const unseen = () => eyes.agree(others, [victim.name], 'suspected', 'gone');
      note(rows[0], ((await inTime(eyes, unseen, NOTICE_MS, rows[0])) - atMs) / 1_000);
      const gone = () => eyes.agree(others, [victim.name], 'gone');
      note(rows[1], ((await inTime(eyes, gone, NOTICE_MS, rows[1])) - atMs) / 1_000);
    };

    await lose(killed, [ROWS[1][0], ROWS[2][0]], () => members.get(killed.name)?.process.signal('SIGKILL'));
    await members.get(killed.name)?.process.exited;
    eyes.forget(killed.name);
    await start(killed).readyAtMs;
    await inTime(eyes, allKnowAll, JOIN_MS, 'the killed one is back');
    await pause(BETWEEN_MS);

    await lose(stopped, [ROWS[3][0], ROWS[4][0]], () => members.get(stopped.name)?.process.signal('SIGSTOP'));
    members.get(stopped.name)?.process.signal('SIGCONT');
    await inTime(eyes, allKnowAll, JOIN_MS, 'the stopped one is back');
    await pause(BETWEEN_MS);

    if (isolated) await lose(cut, [ROWS[5][0], ROWS[6][0]], cut.host.cut);
  } finally {
    await Promise.all([...members.values()].map((member) => member.process.end()));
    for (const { host } of places) host.heal();
    rmSync(directory, { recursive: true, force: true });
  }
}

type Row = (typeof ROWS)[number][0];

async function measureIdle(
  system: GroupSystem,
  places: readonly Place[],
  members: ReadonlyMap<string, StartedMember>,
  note: (row: Row, ...values: readonly number[]) => void,
): Promise<void> {
  const processes = [...members.values()].map((member) => member.process);
  const ownCounts = () => Promise.all(places.map(async (place) => (await system.ownCount?.(place)) ?? 0));
  const ownBefore = await ownCounts();
  const ownFromMs = performance.now();
  // What the questions cost is not to be counted.
  await pause(1_000);
  const before = processes.map((one) => ({ cpu: one.cpuSeconds(), net: one.netUse() }));
  const fromMs = performance.now();
  await pause(IDLE_MS);
  const seconds = (performance.now() - fromMs) / 1_000;
  for (const [at, one] of processes.entries()) {
    const first = before[at];
    if (first === undefined) continue;
    const net = one.netUse();
    note('idle: processor, % of a core each', (100 * (one.cpuSeconds() - first.cpu)) / seconds);
    note('idle: resident, MB each', one.residentMegabytes());
    // On a shared loopback the system counts the packets of all together.
    if (!isolated) continue;
    note('idle: received as IP packets, B/s each', (net.ipBytes - first.net.ipBytes) / seconds);
    const payload = (net.payloadBytes - first.net.payloadBytes) / seconds;
    note('idle: of that UDP and TCP payload, B/s each', payload);
    note('idle: packets received, 1/s each', (net.packets - first.net.packets) / seconds);
  }
  if (!system.ownCount) return;
  await pause(1_000);
  const own = await ownCounts();
  const ownSeconds = (performance.now() - ownFromMs) / 1_000;
  note(
    'idle: received by its own count, B/s each',
    ...own.map((count, at) => (count - (ownBefore[at] ?? 0)) / ownSeconds),
  );
}

/** The same ports everywhere, where each has an address of its own. */
async function placesOf(): Promise<readonly Place[]> {
  const ports = isolated ? [] : await freePorts(2 * MEMBERS);
  return hosts.map((host, at) => ({
    name: `node-${at + 1}`,
    host,
    port: ports[2 * at] ?? 9_000,
    sidePort: ports[2 * at + 1] ?? 10_000,
  }));
}

async function inTime(eyes: Eyes, seen: () => boolean, withinMs: number, what: string): Promise<number> {
  const atMs = await eyes.when(seen, withinMs);
  if (atMs === null) throw new Error(`not within ${withinMs} ms: ${what}`);
  return atMs;
}

function NO_SERF(): string {
  return '!!! serf IS NOT INSTALLED, so there is nothing to compare with: apt-get install serf';
}

function NO_NAMESPACES(): string {
  return '!!! network namespaces cannot be made (root is needed): nothing is cut off, and no bytes are counted';
}
