import { expect, test } from 'vitest';
import {
  ADDRESSES,
  BOOLEAN,
  decimal,
  HOST,
  type Kind,
  NODE_ID,
  oneOf,
  or,
  PORT,
  PORT_OR_OFF,
  seconds,
  unset,
  whole,
  words,
} from './kind.ts';

test.each<[string, Kind<unknown>, string, unknown]>([
  ['whole', whole(-5, 5), '-5', -5],
  ['whole', whole(1, 60_000), '+12', 12],
  ['decimal', decimal(0, 1), '.35', 0.35],
  ['decimal', decimal(0, 1e3), '1e2', 100],
  ['seconds', seconds(0.05, 300), '1.0', 1_000],
  ['seconds', seconds(0.05, 300), '0.25', 250],
  ['boolean', BOOLEAN, 'Yes', true],
  ['boolean', BOOLEAN, 'OFF', false],
  ['boolean', BOOLEAN, '1', true],
  ['one of', oneOf('INFO', 'DEMO'), 'demo', 'DEMO'],
  ['host', HOST, '[::1]', '::1'],
  ['host', HOST, 'node-1.local', 'node-1.local'],
  ['port', PORT, 'any', 0],
  ['port or off', PORT_OR_OFF, '0', null],
  ['port or off', PORT_OR_OFF, 'off', null],
  ['port or off', PORT_OR_OFF, 'any', 0],
  [
    'addresses',
    ADDRESSES,
    'b:1, [::1]:2,',
    [
      { host: 'b', port: 1 },
      { host: '::1', port: 2 },
    ],
  ],
  ['words', words(3, 10), 'open, closed', ['open', 'closed']],
  ['or', or('never', whole(0, 9)), 'Never', 'never'],
  ['unset', unset(whole(0, 9)), '3', 3],
])('[CF2] a %s (%o) reads %j', (_, kind, text, value) => {
  expect(kind.parse(text)).toEqual(value);
});

test.each<[string, Kind<unknown>, string]>([
  ['a whole number from 1 to 9', whole(1, 9), '10'],
  ['a whole number from 1 to 9', whole(1, 9), '1.5'],
  ['a whole number from 1 to 9', whole(1, 9), '0x5'],
  ['a number from 0 to 1', decimal(0, 1), 'NaN'],
  ['a number from 0 to 1', decimal(0, 1), '1e999'],
  ['a number of seconds from 0.05 to 300', seconds(0.05, 300), '0'],
  ['true or false (also 1/0, yes/no, on/off)', BOOLEAN, 'maybe'],
  ['one of a, b', oneOf('a', 'b'), 'c'],
  ['an IP address or a host name', HOST, 'a b'],
  ['a port from 1 to 65535, or 0 or any for a free one', PORT, '65536'],
  ['1 to 64 of a-z 0-9 . _ - and start with a letter or digit', NODE_ID, 'Ann'],
  [
    'at most 256 of host:port with commas between, ports from 1 to 65535, IPv6 in brackets',
    ADDRESSES,
    'node-2',
  ],
  ['1 to 2 words with commas between, none above 3 characters', words(2, 3), 'a,b,c'],
  ['1 to 2 words with commas between, none above 3 characters', words(2, 3), ' , '],
])('[CF2] what must be %s is refused otherwise', (allowed, kind, text) => {
  expect(kind.parse(text)).toBeUndefined();
  expect(kind.allowed).toBe(allowed);
});
