import { expect, test } from 'vitest';
import { redactor } from './redact.ts';

test('[OP6] what the configuration keeps secret is found in no form it may take', () => {
  const redact = redactor(['s3 cret"word', 'abc']);

  const text = redact(
    'a s3 cret"word, {"k":"s3 cret\\"word"}, ?k=s3%20cret%22word, abc is too short to be one',
  );

  expect(text).toBe('a ********, {"k":"********"}, ?k=********, abc is too short to be one');
});

test.each([
  ['mqtt://ann:pass@broker:1883/x', 'mqtt://********@broker:1883/x'],
  ['Authorization: Bearer abcdef.123', 'Authorization: ********'],
  ['sent Bearer abcdefgh12345', 'sent Bearer ********'],
  ['{"token":"abcdef","n":1}', '{"token":"********","n":1}'],
  ['CLUSTER_KEY=open-sesame SITE=hall', 'CLUSTER_KEY=******** SITE=hall'],
  ['db_password: hunter2', 'db_password: ********'],
  ['-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nrest', '********\nrest'],
  ['{"level":"info","msg":"ready","port":9000}', '{"level":"info","msg":"ready","port":9000}'],
])('[OP6] what looks like a secret is taken out, and nothing else: %s', (text, expected) => {
  expect(redactor([])(text)).toBe(expected);
});
