// The file that says which devices a node polls, and what their registers mean. All that is wrong in it is told at once,
// each in one line with its place. SPEC rule MO1.

import { Fields, listOf, noneTwice, parseFile } from '../../config/fields.ts';
import type { Result } from '../../kit/result.ts';
import { parseSensorId, quoted } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { isBits, type Register, TABLES, type Table, TYPES } from './registers.ts';

export interface ModbusDevice {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly unitId: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly registers: readonly Register[];
}

const DEVICE_FIELDS = ['name', 'host', 'port', 'unit_id', 'period_ms', 'timeout_ms', 'registers'];
const REGISTER_FIELDS = ['sensor', 'table', 'address', 'type', 'word_order', 'scale', 'offset', 'unit'];
const HOST = /^[\x21-\x7e]{1,255}$/;

/** The problem is all problems, a line each. */
export function parseModbusConfig(text: string): Result<readonly ModbusDevice[]> {
  return parseFile(text, (root, problems) => {
    root.only(['devices']);
    const list = listOf(root.all().devices, 'devices', LIMITS.modbusDevicesMax, problems);
    const parsed = list.map((device, at) => deviceOf(new Fields(`devices[${at}]`, device, problems)));
    const names = parsed.map(({ name }) => name);
    const sensors = parsed.flatMap(({ registers }) => registers.map(({ sensor }) => sensor));
    noneTwice(names, (name) => `two devices are called ${quoted(name)}`, problems);
    noneTwice(sensors, (sensor) => `two registers are the sensor ${quoted(sensor)}`, problems);
    return parsed;
  });
}

function deviceOf(fields: Fields): ModbusDevice {
  fields.only(DEVICE_FIELDS);
  const periodMs = fields.whole('period_ms', 100, 86_400_000, 1_000);
  const registers = fields.list('registers', LIMITS.modbusRegistersMax);
  return {
    name: fields.text('name', /^[\w .:-]{1,64}$/, '1 to 64 letters, digits, spaces and . : _ -'),
    host: fields.text('host', HOST, 'an address or a host name'),
    port: fields.whole('port', 1, 65_535, 502),
    unitId: fields.whole('unit_id', 0, 255, 1),
    periodMs,
    timeoutMs: fields.whole('timeout_ms', 10, 60_000, Math.max(10, Math.min(1_000, periodMs))),
    registers: registers.map(registerOf),
  };
}

function registerOf(fields: Fields): Register {
  fields.only(REGISTER_FIELDS);
  const table: Table = fields.word('table', TABLES, 'holding');
  const type = fields.word('type', TYPES, isBits(table) ? 'bool' : 'uint16');
  if (isBits(table) !== (type === 'bool')) {
    fields.wrong(`a ${table} is ${isBits(table) ? 'bool' : 'a number, not bool'}, got ${type}`);
  }
  const sensor = fields.text('sensor', /^/, 'a sensor id');
  const id = parseSensorId(sensor);
  if (!id.ok) fields.wrong(`sensor: ${id.problem}`);
  return {
    sensor,
    table,
    type,
    address: fields.whole('address', 0, 65_535),
    wordOrder: fields.word('word_order', ['big', 'little'], 'big'),
    scale: fields.number('scale', 1),
    offset: fields.number('offset', 0),
    unit: fields.text('unit', /^\P{Cc}{0,32}$/u, 'at most 32 characters', ''),
  };
}
