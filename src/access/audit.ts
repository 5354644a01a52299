// The audit: what was done to the site by whom, as entries of the common order, so that every node holds it and none can
// change it. Each node writes under a name of its own, which no device can write. SPEC rules AC8, AC9.

import type { Hub } from '../hub/hub.ts';
import type { Past } from '../hub/past.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading, Value } from '../model/reading.ts';

export interface Act {
  /** `device-add`, `remove` … */
  readonly act: string;
  /** Whom or what it was done to. */
  readonly subject: string;
  /** Who asked for it, as that program says. */
  readonly by: string;
  readonly detail: string;
}

export interface AuditEntry extends Act {
  readonly sequence: number;
  readonly tsMs: number;
  readonly node: string;
}

const AUDIT = '$sensorium/audit/';
const FIELDS = ['act', 'subject', 'by', 'detail'] as const;
const TEXT_MAX = 1_000;
/** Of these columns, one row for each act. */
const COLUMNS = FIELDS.map((field) => `max(text) FILTER (field = '${field}')`).join(', ');

export function auditReading(self: PeerId, act: Act): Reading {
  const texts = FIELDS.map((field) => [field, act[field].slice(0, TEXT_MAX)] as const);
  return { sensor: (AUDIT + self) as SensorId, value: Object.fromEntries(texts) };
}

export class Audit {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Resolves once it is durable at this node; it is committed like any reading. */
  async record(act: Act): Promise<void> {
    await this.#hub.submit([auditReading(this.#hub.self, act)], 'stored');
  }
}

/** What is committed of it, the latest first. A node without a database looks at the latest part of its log alone. */
export function readAudit(hub: Hub, past: Past | null, limit: number): Promise<readonly AuditEntry[]> {
  return past === null ? fromLog(hub, limit) : fromPast(past, limit);
}

async function fromPast(past: Past, limit: number): Promise<readonly AuditEntry[]> {
  const { rows } = await past.sql(
    `SELECT sequence, origin, epoch_ms(max(time)), ${COLUMNS} FROM readings
     WHERE starts_with(sensor, '${AUDIT}') GROUP BY sequence, origin ORDER BY sequence DESC LIMIT ${limit}`,
  );
  return rows.map(([sequence, node, tsMs, act, subject, by, detail]) => ({
    sequence: Number(sequence),
    tsMs: Number(tsMs),
    node: String(node),
    act: textOf(act),
    subject: textOf(subject),
    by: textOf(by),
    detail: textOf(detail),
  }));
}

async function fromLog(hub: Hub, limit: number): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let { watermark } = hub.order();
  let from = Math.max(1, watermark - LIMITS.auditScanMax + 1);
  while (from <= watermark) {
    const page = await hub.log(from, LIMITS.logPageReadingsMax);
    if (page.readings.length === 0) break;
    for (const { sequence, sensor, origin, tsMs, value } of page.readings) {
      if (sensor.startsWith(AUDIT)) entries.push({ sequence, tsMs, node: origin, ...actOf(value) });
    }
    from = page.next;
    watermark = page.watermark;
  }
  return entries.slice(-limit).reverse();
}

function actOf(value: Value): Act {
  const fields = typeof value === 'object' ? value : {};
  const { act, subject, by, detail } = fields;
  return { act: textOf(act), subject: textOf(subject), by: textOf(by), detail: textOf(detail) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
