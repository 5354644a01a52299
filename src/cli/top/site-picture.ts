// What one node shows of its site at a moment, and what has changed since the moment before. SPEC rule OP4.

import type { ApiClient, LatestRow, MemberRow, ViewRow } from '../api-client.ts';
import { ageText, plain, table, valueText } from '../table.ts';

export interface SitePicture {
  readonly atMs: number;
  readonly members: readonly MemberRow[];
  readonly view: ViewRow;
  readonly latest: readonly LatestRow[];
}

export async function pictureOf(client: ApiClient): Promise<SitePicture> {
  const [members, view, latest] = await Promise.all([client.members(), client.view(), client.latest()]);
  return { atMs: performance.now(), members, view, latest };
}

export interface SiteRates {
  /** Readings that got their place in the order, a second. */
  readonly committedPerS: number;
  /** Readings of each origin that are the latest of their sensor, a second. */
  readonly byOrigin: ReadonlyMap<string, number>;
}

/** Null for the first picture. */
export function ratesBetween(before: SitePicture | null, after: SitePicture): SiteRates | null {
  if (before === null || after.atMs <= before.atMs) return null;
  const seconds = (after.atMs - before.atMs) / 1_000;
  const known = new Map(before.latest.map((row) => [`${row.origin}:${row.sensor}`, row.n]));
  const byOrigin = new Map<string, number>();
  for (const { origin, sensor, n } of after.latest) {
    const change = known.get(`${origin}:${sensor}`) === n ? 0 : 1;
    byOrigin.set(origin, (byOrigin.get(origin) ?? 0) + change / seconds);
  }
  return { committedPerS: Math.max(0, after.view.watermark - before.view.watermark) / seconds, byOrigin };
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `size` null: everything, for a pipe. */
export function pictureText(picture: SitePicture, rates: SiteRates | null, size: Size | null): string {
  const { members, view, latest } = picture;
  const self = members.find((member) => member.self)?.id ?? '';
  const alive = members.filter(({ status }) => status === 'alive').length;
  const stale = latest.filter((row) => row.stale).length;
  const head = [
    `${self}: ${alive} of ${members.length} nodes alive, ${latest.length} sensors, ${stale} stale`,
    `leader ${view.leader ?? 'none'}${view.quorum ? '' : ' (no quorum)'}, watermark ${view.watermark}` +
      `${rates ? `, ${rates.committedPerS.toFixed(1)} committed/s` : ''}, ${view.outbox} waiting here`,
    '',
  ];
  const nodes = [...nodesTable(picture, rates).split('\n'), ''];
  const sensors = sensorsTable(latest).split('\n');
  const room = size === null ? sensors.length : Math.max(2, size.rows - 1 - head.length - nodes.length);
  const shown = [...head, ...nodes, ...fitting(sensors, room)];
  return shown.map((line) => (size === null ? line : line.slice(0, size.columns))).join('\n');
}

function nodesTable({ members, view, latest }: SitePicture, rates: SiteRates | null): string {
  return table(
    ['node', 'status', 'part', 'sensors', 'changes/s', 'phi', 'address'],
    members.map(({ id, self, status, phi, host, port }) => [
      self ? `${id} *` : id,
      status,
      partOf(id, view),
      String(latest.filter(({ origin }) => origin === id).length),
      rates ? (rates.byOrigin.get(id) ?? 0).toFixed(1) : '-',
      phi === null ? '-' : phi.toFixed(2),
      `${host}:${port}`,
    ]),
  );
}

function partOf(id: string, { leader, voters, learners }: ViewRow): string {
  if (id === leader) return 'leader';
  if (voters.includes(id)) return 'voter';
  return learners.includes(id) ? 'learner' : '-';
}

function sensorsTable(latest: readonly LatestRow[]): string {
  const newest = [...latest].sort((a, b) => a.age_ms - b.age_ms || (a.sensor < b.sensor ? -1 : 1));
  return table(
    ['sensor', 'value', 'unit', 'origin', 'age', ''],
    newest.map((row) => [
      plain(row.sensor),
      valueText(row.value),
      plain(row.unit ?? ''),
      row.origin,
      ageText(row.age_ms),
      row.commit === 'committed' ? String(row.sequence ?? 'committed') : 'stored',
    ]),
  );
}

function fitting(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more sensors`];
}
