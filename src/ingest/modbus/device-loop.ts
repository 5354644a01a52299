// Polls one device, on a monotonic schedule and over a connection of its own, so that a dead device holds nobody up but
// itself. A register that could not be read is not said at all: unknown is never 0. SPEC rules MO3-MO5.

import modbus from 'modbus-serial';
import { type Hub, SubmitRefused } from '../../hub/hub.ts';
import type { Log } from '../../kit/log.ts';
import { checkReading } from '../../model/check-reading.ts';
import { parseSensorId, type SensorId } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import { isOnDuty } from './duty.ts';
import type { ModbusDevice } from './modbus-config.ts';
import { type Read, readsOf } from './reads.ts';
import { lengthOf, meaningOf } from './registers.ts';

type Client = InstanceType<typeof modbus.default>;

/** A device that does not answer is tried less and less often, up to this. */
const PAUSE_MAX_MS = 60_000;

export interface DeviceCounts {
  reads: number;
  failures: number;
  readings: number;
}

export class DeviceLoop {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #device: ModbusDevice;
  readonly #reads: readonly Read[];
  readonly #sensors: readonly SensorId[];
  readonly #counts: DeviceCounts;
  readonly #finished: Promise<void>;
  /** Reads that the device has refused, which is said once. */
  readonly #refused = new Set<Read>();
  #client: Client | null = null;
  #failuresInARow = 0;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(hub: Hub, log: Log, device: ModbusDevice, counts: DeviceCounts) {
    this.#hub = hub;
    this.#log = log;
    this.#device = device;
    this.#counts = counts;
    this.#reads = readsOf(device.registers);
    this.#sensors = device.registers.flatMap(({ sensor }) => {
      const id = parseSensorId(sensor);
      return id.ok ? [id.value] : [];
    });
    this.#finished = this.#run();
  }

  /** Resolves once nothing is under way and the connection is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#disconnect();
    await this.#finished;
  }

  async #run(): Promise<void> {
    const { periodMs } = this.#device;
    let dueMs = performance.now();
    while (!this.#stopped) {
      if (isOnDuty(this.#hub, this.#sensors, periodMs, Date.now())) await this.#poll();
      else await this.#disconnect();
      // Periods that were missed are left out and not made up for.
      const pauseMs = Math.min(PAUSE_MAX_MS, periodMs * 2 ** Math.min(10, this.#failuresInARow));
      const nowMs = performance.now();
      dueMs += Math.max(1, Math.ceil((nowMs - dueMs) / periodMs)) * periodMs;
      await this.#sleep(Math.max(dueMs - nowMs, this.#failuresInARow > 0 ? pauseMs : 0));
    }
  }

  async #poll(): Promise<void> {
    const readings: Reading[] = [];
    try {
      const client = await this.#connected();
      for (const read of this.#reads) readings.push(...(await this.#readIfAllowed(client, read)));
      if (this.#failuresInARow > 0)
        this.#log.info('modbus device answers again', { device: this.#device.name });
      this.#failuresInARow = 0;
    } catch (cause) {
      await this.#failed(cause);
    }
    if (readings.length > 0 && !this.#stopped) await this.#submit(readings);
  }

  /** A device that says it has no such address still has the others. */
  async #readIfAllowed(client: Client, read: Read): Promise<Reading[]> {
    try {
      return await this.#read(client, read);
    } catch (cause) {
      if (!isException(cause)) throw cause;
      this.#counts.failures++;
      if (!this.#refused.has(read)) {
        const { table, address, length } = read;
        const place = { device: this.#device.name, table, address, length };
        this.#log.warn('modbus device refuses a read', { ...place, why: cause.message });
      }
      this.#refused.add(read);
      return [];
    }
  }

  async #read(client: Client, read: Read): Promise<Reading[]> {
    this.#counts.reads++;
    const words = await wordsOf(client, read);
    return read.registers.flatMap((register) => {
      const from = register.address - read.address;
      const value = meaningOf(register, words.slice(from, from + lengthOf(register)));
      if (value === null) return [];
      const { sensor, unit, type } = register;
      const reading = checkReading({
        sensor,
        value: type === 'bool' ? value !== 0 : value,
        periodMs: this.#device.periodMs,
        ...(unit !== '' && { unit }),
      });
      return reading.ok ? [reading.value] : [];
    });
  }

  async #submit(readings: readonly Reading[]): Promise<void> {
    try {
      await this.#hub.submit(readings, 'stored');
      this.#counts.readings += readings.length;
    } catch (cause) {
      if (!(cause instanceof SubmitRefused)) throw cause;
      this.#log.warn('modbus readings were refused', { device: this.#device.name, why: cause.message });
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const { host, port, unitId, timeoutMs } = this.#device;
    const client = new modbus.default();
    this.#client = client;
    // Without somebody who listens, an error of the socket would end the program.
    client.on('error', () => {});
    client.setID(unitId);
    client.setTimeout(timeoutMs);
    await within(timeoutMs, client.connectTCP(host, { port, timeout: timeoutMs }));
    return client;
  }

  /** A connection after a failure may still bring the answer to an earlier question: it is given up. */
  async #failed(cause: unknown): Promise<void> {
    if (this.#stopped) return;
    this.#counts.failures++;
    if (this.#failuresInARow++ === 0) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#log.warn('modbus device does not answer', { device: this.#device.name, why });
    }
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client !== null) await new Promise<void>((closed) => client.destroy(() => closed()));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
  }
}

/** The device's own answer that it will not (Modbus Application Protocol 1.1b3, 7), unlike none at all. */
function isException(cause: unknown): cause is Error {
  return cause instanceof Error && 'modbusCode' in cause && cause.modbusCode !== undefined;
}

/** Bits as words of 0 and 1. */
async function wordsOf(client: Client, { table, address, length }: Read): Promise<readonly number[]> {
  switch (table) {
    case 'coil':
      return (await client.readCoils(address, length)).data.map(Number);
    case 'discrete':
      return (await client.readDiscreteInputs(address, length)).data.map(Number);
    case 'input':
      return (await client.readInputRegisters(address, length)).data;
    case 'holding':
      return (await client.readHoldingRegisters(address, length)).data;
  }
}

async function within<T>(ms: number, what: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}
