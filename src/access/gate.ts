// The gate: who may come in at a listener, and as whom. Who shows a token of ours is let in as its device or not at all;
// who shows none is let in where the operator lets in anybody: by default at the loopback of the machine alone. SPEC rules
// AC2, AC3, AC10, AC17, TR21.

import { ok, type Result, refused } from '../kit/result.ts';
import { ANONYMOUS, type Caller, callerOf } from './caller.ts';
import type { Credentials } from './credentials.ts';
import type { Device } from './device.ts';
import type { Devices } from './devices.ts';
import { isLoopback } from './loopback.ts';
import type { TokenId } from './token.ts';
import { type Clocks, Usage } from './usage.ts';

/** Whom a listener takes without a token. */
export type Anonymous = 'loopback' | 'all' | 'none';
export type Listener = 'mqtt' | 'ingest' | 'read';

export interface Refused {
  /** `unauthorized`: come with a token. `forbidden`: not with this one. */
  readonly code: 'unauthorized' | 'forbidden';
  readonly detail: string;
}

/** Where somebody comes from. */
export interface From {
  readonly address: string | undefined;
  readonly port?: number | undefined;
  /** Of the page, where a browser asks. */
  readonly origin: string | undefined;
  /** By TLS. */
  readonly isSecured?: boolean;
}

export type GateOptions = { readonly [listener in Listener]: Anonymous };

/** What needs no token: that the process is up says nothing of the site. */
const OPEN_PATHS = ['/healthz', '/readyz'];
const METRICS = /^\/metrics(?:\/|$)/;

export class Gate {
  readonly devices: Devices;
  readonly #options: GateOptions;
  readonly #clocks: Clocks;
  /** By device; goes with it. Bounded by devicesMax. */
  readonly #usage = new Map<TokenId, Usage>();
  #tokensInClear = 0;
  #toldInClear: (device: Device, listener: Listener, from: From) => void = () => {};

  constructor(devices: Devices, options: GateOptions, clocks: Clocks) {
    this.devices = devices;
    this.#options = options;
    this.#clocks = clocks;
    devices.onRevoked((id) => this.#usage.delete(id));
  }

  /** How often a token of ours has come over a network where anybody on the way could read it. */
  get tokensInClear(): number {
    return this.#tokensInClear;
  }

  onTokenInClear(told: (device: Device, listener: Listener, from: From) => void): void {
    this.#toldInClear = told;
  }

  /** Of a client that writes or subscribes. */
  enter(listener: 'mqtt' | 'ingest', shown: Credentials | null, from: From): Result<Caller, Refused> {
    // A page from elsewhere speaks through the browser of this machine, which does not make it part of the machine. (AC10)
    const isAtHome = isLoopback(from.address) && isAtHomePage(from.origin);
    const known = this.#known(listener, shown, isAtHome, from);
    if (!known.ok) return known;
    const device = known.value;
    if (device === null) return ok(ANONYMOUS);
    if (device.role !== 'device') {
      return refused({
        code: 'forbidden',
        detail: `the token of ${device.name} reads the API and nothing else`,
      });
    }
    return ok(callerOf(device, this.#usageOf(device)));
  }

  /** Of who reads a path of the API; null: nobody in particular. */
  read(path: string, shown: Credentials | null, from: From): Result<Device | null, Refused> {
    if (OPEN_PATHS.includes(path)) return ok(null);
    const known = this.#known('read', shown, isLoopback(from.address), from);
    if (!known.ok || known.value === null) return known;
    const { role, name } = known.value;
    if (role === 'reader' || (role === 'metrics' && METRICS.test(path))) return known;
    return refused({ code: 'forbidden', detail: `${name} has the role ${role}, which does not read this` });
  }

  #known(
    listener: Listener,
    shown: Credentials | null,
    isAtHome: boolean,
    from: From,
  ): Result<Device | null, Refused> {
    if (shown === null) {
      const whom = this.#options[listener];
      const isLetIn = whom === 'all' || (whom === 'loopback' && isAtHome);
      return isLetIn ? ok(null) : refused({ code: 'unauthorized', detail: COME_WITH_A_TOKEN });
    }
    const device = this.devices.find(shown);
    if (device === null) return refused({ code: 'unauthorized', detail: NOT_KNOWN });
    const { expiresMs } = device;
    if (expiresMs !== null && this.#clocks.wallMs() >= expiresMs) {
      const since = new Date(expiresMs).toISOString();
      return refused({ code: 'unauthorized', detail: `this token expired at ${since}; ${ANOTHER}` });
    }
    if (from.isSecured !== true && !isLoopback(from.address)) {
      this.#tokensInClear++;
      this.#toldInClear(device, listener, from);
    }
    return ok(device);
  }

  #usageOf(device: Device): Usage {
    let usage = this.#usage.get(device.id);
    if (usage === undefined) {
      usage = new Usage(device, this.#clocks);
      this.#usage.set(device.id, usage);
    }
    return usage;
  }
}

const COME_WITH_A_TOKEN = 'a token is needed here; sensorium device add NAME makes one';
const ANOTHER = 'remove the device and add it again for another one';
const NOT_KNOWN = 'this token is not known here, or not any more, or belongs to another name';

function isAtHomePage(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  const host = URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[|\]$/g, '') : '';
  return host === 'localhost' || isLoopback(host);
}
