import { expect, test } from 'vitest';
import { type Device, parseSpec } from './device.ts';
import { snippetsFor } from './snippets.ts';

const AT = { host: '10.0.0.5', mqttPort: 1_883, ingestPort: 8_086, apiPort: 10_000, authority: null };

test('[AC12] a device is told what to write for each way in, on a topic it may write', () => {
  const snippets = snippetsFor(device({ name: 'plug', publish: ['tele/+/#'] }), 'sen_token', AT);

  expect(snippets.map(({ for: program }) => program.split(' ')[0])).toEqual([
    'mosquitto_pub',
    'Tasmota',
    'ESPHome',
    'curl',
    'Telegraf',
  ]);
  for (const { text } of snippets) expect(text).toContain('sen_token');
  expect(snippets[0]?.text).toBe(
    'mosquitto_pub -h 10.0.0.5 -p 1883 -u plug -P sen_token -q 1 -t tele/temperature/temperature -m 21.5',
  );
});

test('[AC12] a reader is told how to read, and a listener that is off is not spoken of', () => {
  const reader = snippetsFor(device({ name: 'grafana', role: 'reader' }), 'sen_token', AT);
  const quiet = snippetsFor(device({ name: 'bed1' }), 'sen_token', { ...AT, mqttPort: null, host: '::1' });

  expect(reader.map(({ text }) => text).join('\n')).toContain('http://10.0.0.5:10000/api/v1/latest');
  expect(reader.length).toBe(3);
  expect(quiet.map(({ text }) => text).join('\n')).toContain('http://[::1]:8086/ingest');
  expect(quiet.length).toBe(2);
});

test('[TR22] where TLS is offered each is told to use it, and whom to trust', () => {
  const secured = { ...AT, authority: '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n' };

  const bed = snippetsFor(device({ name: 'bed1' }), 'sen_token', secured);
  const reader = snippetsFor(device({ name: 'grafana', role: 'reader' }), 'sen_token', secured);

  const [authority, mosquitto, , espHome] = bed.map(({ text }) => text);
  expect(authority).toBe(`cat > site-ca.pem <<'END'\n${secured.authority}END`);
  expect(mosquitto).toContain('mosquitto_pub --cafile site-ca.pem -h 10.0.0.5 -p 1883');
  expect(espHome).toContain('  certificate_authority: |\n    -----BEGIN CERTIFICATE-----\n    abc\n');
  for (const { text } of [...bed, ...reader]) expect(text).not.toContain('http://');
  expect(reader.map(({ text }) => text).join('\n')).toContain('curl --cacert site-ca.pem -H');
});

function device(asked: { readonly [field: string]: unknown }): Device {
  const spec = parseSpec(asked);
  if (!spec.ok) throw new Error(spec.problem);
  return { ...spec.value, id: '0123456789abcdef', hash: '' };
}
