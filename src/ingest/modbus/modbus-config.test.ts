import { expect, test } from 'vitest';
import { parseModbusConfig } from './modbus-config.ts';

test('[MO1] a device has what the file says, and what is usual for the rest', () => {
  const text = JSON.stringify({
    devices: [{ name: 'meter 1', host: '10.0.0.7', registers: [{ sensor: 'meter/power', address: 100 }] }],
  });

  expect(parseModbusConfig(text)).toEqual({
    ok: true,
    value: [
      {
        name: 'meter 1',
        host: '10.0.0.7',
        port: 502,
        unitId: 1,
        periodMs: 1_000,
        timeoutMs: 1_000,
        registers: [
          {
            sensor: 'meter/power',
            table: 'holding',
            address: 100,
            type: 'uint16',
            wordOrder: 'big',
            scale: 1,
            offset: 0,
            unit: '',
          },
        ],
      },
    ],
  });
});

test('[MO1] all that is wrong is told at once, each with its place', () => {
  const register = { sensor: 'a', address: 70_000, type: 'float', colour: 'red' };
  const devices = [
    {
      name: 'one',
      host: 'h',
      port: 0,
      registers: [register, { sensor: 'b#', address: 1, table: 'coil', type: 'int16' }],
    },
    { name: 'one', host: '', registers: [] },
    7,
  ];

  const parsed = parseModbusConfig(JSON.stringify({ devices, more: 1 }));

  expect(parsed.ok ? [] : parsed.problem.split('\n')).toEqual([
    'the field "more" is not known; it has devices',
    'devices[0]: port must be a whole number from 1 to 65535, got 0',
    'devices[0].registers[0]: the field "colour" is not known; it has sensor, table, address, type, word_order, scale, offset, unit',
    'devices[0].registers[0]: type must be one of bool, int16, uint16, int32, uint32, int64, uint64, float32, float64, got "float"',
    'devices[0].registers[0]: address must be a whole number from 0 to 65535, got 70000',
    'devices[0].registers[1]: a coil is bool, got int16',
    'devices[0].registers[1]: sensor: a sensor id has no control characters, no + or #, no space at its ends, got "b#"',
    'devices[1].registers must be a list of 1 to 2048',
    'devices[1]: host must be an address or a host name, got ""',
    'devices[2]: must be an object',
    'devices[2].registers must be a list of 1 to 2048',
    'devices[2]: name must be 1 to 64 letters, digits, spaces and . : _ -, got nothing',
    'devices[2]: host must be an address or a host name, got nothing',
    'two devices are called "one"',
  ]);
});

test.each([
  ['{', 'is not JSON'],
  ['[]', 'must be an object'],
  ['{}', 'devices must be a list of 1 to 256'],
])('[MO1] %s is refused', (text, problem) => {
  expect(parseModbusConfig(text)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
});

test('[MO1] two registers are not one sensor', () => {
  const registers = [
    { sensor: 'a', address: 1 },
    { sensor: 'a', address: 2 },
  ];

  expect(parseModbusConfig(JSON.stringify({ devices: [{ name: 'm', host: 'h', registers }] }))).toEqual({
    ok: false,
    problem: 'two registers are the sensor "a"',
  });
});
