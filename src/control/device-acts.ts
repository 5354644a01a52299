// The acts on devices that come in over the control socket, and what of other acts is written to the audit. SPEC rules AC2,
// AC8, AC12, TR22.

import type { Act, Audit } from '../access/audit.ts';
import { type Device, type DeviceSpec, parseSpec } from '../access/device.ts';
import type { Devices } from '../access/devices.ts';
import { type Reached, type Snippet, snippetsFor } from '../access/snippets.ts';
import { unreachable } from '../kit/assert.ts';
import { ok, type Result } from '../kit/result.ts';

export type DeviceRequest =
  | { readonly act: 'device-add'; readonly device: DeviceSpec }
  | { readonly act: 'device-list' }
  /** What devices trust. */
  | { readonly act: 'ca' }
  | { readonly act: 'device-remove'; readonly name: string };

/** A device without what lets it in. */
export type DeviceRow = Omit<Device, 'hash'>;

export type DeviceAnswer =
  | {
      readonly ok: true;
      readonly device: DeviceRow;
      /** Told this once. */
      readonly token: string;
      readonly snippets: readonly Snippet[];
    }
  | { readonly ok: true; readonly devices: readonly DeviceRow[] }
  /** A certificate, as PEM. */
  | { readonly ok: true; readonly authority: string }
  | { readonly ok: true; readonly removed: readonly DeviceRow[] }
  | { readonly ok: false; readonly problem: string };

/** What a node lets its keeper do about devices. */
export interface Access {
  readonly devices: Devices;
  readonly audit: Audit;
  readonly reached: Reached;
}

export function parseDeviceRequest(
  request: object & { readonly act: unknown },
): Result<DeviceRequest> | null {
  switch (request.act) {
    case 'device-add': {
      const asked = 'device' in request ? request.device : undefined;
      const spec = parseSpec(typeof asked === 'object' && asked !== null ? { ...asked } : {});
      return spec.ok ? ok({ act: 'device-add', device: spec.value }) : spec;
    }
    case 'device-list':
      return ok({ act: 'device-list' });
    case 'ca':
      return ok({ act: 'ca' });
    case 'device-remove':
      return ok({ act: 'device-remove', name: 'name' in request ? String(request.name) : '' });
    default:
      return null;
  }
}

export async function actOnDevices(
  { devices, reached }: Access,
  request: DeviceRequest,
  by: string,
): Promise<DeviceAnswer> {
  switch (request.act) {
    case 'device-add': {
      const added = await devices.add(request.device, by);
      if (!added.ok) return { ok: false, problem: added.problem };
      const { device, token } = added.value;
      return { ok: true, device: rowOf(device), token, snippets: snippetsFor(device, token, reached) };
    }
    case 'ca':
      if (reached.authority === null) return { ok: false, problem: NO_TLS };
      return { ok: true, authority: reached.authority };
    case 'device-list':
      return { ok: true, devices: devices.all().map(rowOf) };
    case 'device-remove': {
      const removed = await devices.remove(request.name, by);
      if (!removed.ok) return { ok: false, problem: removed.problem };
      return { ok: true, removed: removed.value.map(rowOf) };
    }
    default:
      return unreachable(request);
  }
}

const NO_TLS = 'this node offers no TLS to devices: it has no certificate of a site, or DEVICE_TLS=off';

/** Null: nobody needs to know later that it was done. */
export function auditedAct(request: { readonly act: string }, by: string): Act | null {
  const act = request.act;
  if ('sensors' in request && Array.isArray(request.sensors)) {
    return { act, subject: request.sensors.map(String).join(' '), by, detail: '' };
  }
  if (act === 'transfer' && 'to' in request) return { act, subject: String(request.to), by, detail: '' };
  if (act === 'remove' && 'peer' in request) return { act, subject: String(request.peer), by, detail: '' };
  return act === 'leave' ? { act, subject: '', by, detail: '' } : null;
}

function rowOf({ hash: _, ...row }: Device): DeviceRow {
  return row;
}
