// All devices of the site, as this node knows them. The table is not a list kept here but registers like those of sensors,
// so that it is durable, replicated to every node also within a part that is cut off, and entries of the common order. Each
// device is one register, written once; taking it away writes another, and who has that is let in nowhere. So no clock and
// no order of arrival decides whether a device is let in: taken away stays taken away. SPEC rules AC1, AC2, AC7, AC8.

import type { Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { LIMITS } from '../model/limits.ts';
import { auditReading } from './audit.ts';
import type { Credentials } from './credentials.ts';
import {
  type Device,
  type DeviceSpec,
  deviceName,
  deviceOf,
  deviceValue,
  idOfDeviceName,
  idOfRevokedName,
  revokedName,
} from './device.ts';
import { drawToken, isTokenOf, type TokenId } from './token.ts';

export interface Added {
  readonly device: Device;
  /** Told once. */
  readonly token: string;
}

export type RevokedListener = (id: TokenId) => void;

export class Devices {
  readonly #hub: Hub;
  readonly #listeners = new Set<RevokedListener>();
  readonly #unfollow: () => void;
  /** Those whose time is over and whose connections were ended for it. */
  #expired: ReadonlySet<TokenId> = new Set();

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#unfollow = hub.follow(({ fact }) => {
      if (fact.type !== 'registers-changed') return;
      for (const { sensor } of fact.records) this.#heard(idOfRevokedName(sensor));
    });
  }

  stop(): void {
    this.#unfollow();
    this.#listeners.clear();
  }

  /** Calls back as soon as a device is taken away, here or anywhere. */
  onRevoked(listener: RevokedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Has listeners end what those do whose time is over; to be called every now and then. */
  expire(nowMs: number): void {
    const over = this.all().filter(({ expiresMs }) => expiresMs !== null && expiresMs <= nowMs);
    const before = this.#expired;
    this.#expired = new Set(over.map(({ id }) => id));
    for (const { id } of over) if (!before.has(id)) this.#heard(id);
  }

  /** Null: nobody here has such a token, or not any more, or not under that name. */
  find({ id, token, name }: Credentials): Device | null {
    const device = this.#byId(id);
    if (device === null || !isTokenOf(token, device.hash)) return null;
    return name === null || name === device.name ? device : null;
  }

  /** By name. */
  all(): readonly Device[] {
    const devices: Device[] = [];
    for (const { record } of this.#hub.reserved()) {
      const id = idOfDeviceName(record.sensor);
      const device = id === null ? null : this.#byId(id);
      if (device !== null) devices.push(device);
    }
    return devices.sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
  }

  async add(spec: DeviceSpec, by: string): Promise<Result<Added>> {
    const known = this.all();
    if (known.some(({ name }) => name === spec.name)) {
      return refused(`there is a device ${spec.name} already; remove it first`);
    }
    if (known.length >= LIMITS.devicesMax) return refused(`there are at most ${LIMITS.devicesMax} devices`);
    const { id, text: token, hash } = drawToken();
    const device: Device = { ...spec, id, hash };
    const { publish, subscribe } = spec;
    const detail = JSON.stringify({ role: spec.role, publish, subscribe });
    const act = auditReading(this.#hub.self, { act: 'device-add', subject: spec.name, by, detail });
    await this.#hub.submit([{ sensor: deviceName(id), value: deviceValue(device) }, act], 'stored');
    return ok({ device, token });
  }

  /** All that have this name: two sides of a split site may each have added one. */
  async remove(name: string, by: string): Promise<Result<readonly Device[]>> {
    const removed = this.all().filter((device) => device.name === name);
    if (removed.length === 0) return refused(`there is no device ${JSON.stringify(name)}`);
    const act = auditReading(this.#hub.self, { act: 'device-remove', subject: name, by, detail: '' });
    const readings = removed.map(({ id }) => ({ sensor: revokedName(id), value: name }));
    await this.#hub.submit([...readings, act], 'stored');
    return ok(removed);
  }

  #byId(id: TokenId): Device | null {
    if (this.#hub.latestOf(revokedName(id)) !== null) return null;
    const latest = this.#hub.latestOf(deviceName(id));
    return latest && deviceOf(id, latest.record.value);
  }

  #heard(revoked: TokenId | null): void {
    if (revoked === null) return;
    for (const listener of this.#listeners) listener(revoked);
  }
}
