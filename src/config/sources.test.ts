// What flags, the environment and files give, and what they refuse.

import { expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';
import { readEnvFile, readEnvironment } from './env.ts';
import { readFlags } from './flags.ts';
import type { Source } from './given.ts';

test('[CF3] a flag takes the next word or what follows its equals sign', () => {
  const source = readFlags(['--port', '9001', '--site=hall=3', '--sensor-0-min', '-5']);

  expect(pairs(source)).toEqual(['PORT=9001', 'SITE=hall=3', 'SENSOR_0_MIN=-5']);
  expect(source.problems).toEqual([]);
});

test('[CF3] a boolean flag alone means true, after no- false, and takes a boolean word', () => {
  const source = readFlags(['--insecure', '--no-discovery', '--clear-log', 'off', '--clear-data-on-start']);

  expect(pairs(source)).toEqual([
    'INSECURE=true',
    'DISCOVERY=false',
    'CLEAR_LOG=off',
    'CLEAR_DATA_ON_START=true',
  ]);
});

test('[CF5] what is no flag, an unknown flag and a flag without its value are problems', () => {
  const { problems } = readFlags(['start', '--prot', '9000', '--xyzzyxyzzy=1', '--site', '--port']);

  expect(problems).toEqual([
    '"start" (command line): expected an option such as --port 9000',
    '"--prot" (command line): there is no such option, did you mean --port?',
    '"--xyzzyxyzzy" (command line): there is no such option, see --help for all',
    '--site (command line): a value must follow',
    '--port (command line): a value must follow',
  ]);
});

test('[CF5] unknown environment variables are ignored, except those of a sensor', () => {
  const source = readEnvironment({
    PATH: '/bin',
    PORTS: '1',
    PORT: '9',
    SENSOR_2_PERIOD: '5',
    SENSOR_X: '1',
  });

  expect(pairs(source)).toEqual(['PORT=9']);
  expect(source.problems).toEqual([
    '"SENSOR_2_PERIOD" (environment): there is no such option, did you mean SENSOR_2_PERIOD_MS?',
  ]);
});

test('[CF5] an env-file has lines NAME=VALUE with quotes and comments', () => {
  const source = readEnvFile(
    'site.env',
    [
      '\ufeff# a comment',
      '',
      'export PORT = 9001 # the usual one',
      'SITE="hall # \\"3\\""  # quoted',
      "NODE_ID='ann # 1'",
      'SENSOR_0_NAME=bed1/#2\r',
    ].join('\n'),
  );

  expect(pairs(source)).toEqual(['PORT=9001', 'SITE=hall # "3"', 'NODE_ID=ann # 1', 'SENSOR_0_NAME=bed1/#2']);
  expect(source.given.map(({ from }) => from)).toEqual([
    'site.env:3',
    'site.env:4',
    'site.env:5',
    'site.env:6',
  ]);
  expect(source.problems).toEqual([]);
});

test('[CF5] a line that is none, an unknown name and an open quote are problems with their line', () => {
  const { problems } = readEnvFile('site.env', 'PORT 9000\nGOSIP_MAX_FANOUT=3\nSITE="hall\n');

  expect(problems).toEqual([
    'site.env:1: expected NAME=VALUE or a # comment, got "PORT 9000"',
    '"GOSIP_MAX_FANOUT" (site.env:2): there is no such option, did you mean GOSSIP_MAX_FANOUT?',
    'SITE (site.env:3): a quote is opened and not closed at the end',
  ]);
});

test('[CF5] a config file is one object of scalars and lists of them', () => {
  const source = readConfigFile(
    'site.json',
    '{"port": 9001, "bootstrap-peers": ["a:1", "b:2"], "DISCOVERY": false, "Sensor_0_Values": ["x", 1]}',
  );

  expect(pairs(source)).toEqual([
    'PORT=9001',
    'BOOTSTRAP_PEERS=a:1,b:2',
    'DISCOVERY=false',
    'SENSOR_0_VALUES=x,1',
  ]);
  expect(source.problems).toEqual([]);
});

test('[CF5] a config file with other things in it is a problem for each', () => {
  const { problems } = readConfigFile(
    'site.json',
    '{"PORT": 1, "port": 2, "SITE": {"name": "x"}, "HOTS": "h", "NODE_ID": null, "__proto__": 1}',
  );

  expect(problems).toEqual([
    'PORT (site.json): is there twice, as "PORT" and "port"',
    'SITE (site.json): must be a string, number, boolean or list of those',
    '"HOTS" (site.json): there is no such option, did you mean HOST?',
    'NODE_ID (site.json): must be a string, number, boolean or list of those',
    '"__proto__" (site.json): there is no such option, see docs/options.md for all',
  ]);
});

test.each([
  ['[1]', 'site.json: must hold one JSON object, such as {"PORT": 9000}'],
  ['null', 'site.json: must hold one JSON object, such as {"PORT": 9000}'],
  ['{"PORT": }', 'site.json: is not JSON: Unexpected token \'}\', "{"PORT": }" is not valid JSON'],
])('[CF5] the config file %s is a problem', (content, problem) => {
  expect(readConfigFile('site.json', content).problems).toEqual([problem]);
});

function pairs(source: Source): readonly string[] {
  return source.given.map(({ name, text }) => `${name}=${text}`);
}
