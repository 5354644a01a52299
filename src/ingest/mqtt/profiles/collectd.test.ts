import { expect, test } from 'vitest';
import { Profiles } from './profiles.ts';

const PROFILES = new Profiles([]);

test('[MQ19] a value list of collectd is a reading of its topic, at its time', () => {
  expect(readingsOf('collectd/press-1/memory/memory-used', '1700000000.125:4246302720\0')).toEqual([
    {
      sensor: 'collectd/press-1/memory/memory-used',
      value: 4_246_302_720,
      tsMs: 1_700_000_000_125,
    },
  ]);
  expect(readingsOf('collectd/press-1/uptime/uptime', 'N:5.9e4')).toEqual([
    { sensor: 'collectd/press-1/uptime/uptime', value: 59_000 },
  ]);
});

test('[MQ19] several values are one record, with the names that collectd has for them, or else their places', () => {
  const valuesOf = (topic: string, text: string) => readingsOf(topic, text)[0]?.value;

  expect(valuesOf('collectd/a/load/load', '1.000:9.5:7.75:7\0')).toEqual({
    shortterm: 9.5,
    midterm: 7.75,
    longterm: 7,
  });
  expect(valuesOf('collectd/a/interface-eth0/if_octets', '1.000:1:2\0')).toEqual({ rx: 1, tx: 2 });
  expect(valuesOf('collectd/a/disk-sda/disk_ops-x', '1.000:1:2\0')).toEqual({ read: 1, write: 2 });
  expect(valuesOf('collectd/a/own/own_pair', '1.000:1:2\0')).toEqual({ value0: 1, value1: 2 });
  expect(valuesOf('collectd/a/interface-eth0/if_octets', '1.000:1:2:3\0')).toEqual({
    value0: 1,
    value1: 2,
    value2: 3,
  });
});

test('[MQ19] a value that is not known is left out, and is neither zero nor anything to be looked into', () => {
  const topic = 'collectd/a/interface-eth0/if_octets';

  expect(readingsOf(topic, '1.000:nan:2\0')[0]?.value).toEqual({ tx: 2 });
  expect(readingsOf(topic, '1.000:U:1e999\0')).toEqual([]);
  expect(PROFILES.read(topic, Buffer.from('1.000:nan:-nan\0'))).toEqual({ kind: 'message' });
});

test('[MQ19] what is no value list is read as on any other topic', () => {
  const topic = 'collectd/a/door';

  expect(readingsOf(topic, '21.5')).toEqual([{ sensor: topic, value: 21.5 }]);
  expect(readingsOf(topic, '{"heat":1}')).toEqual([{ sensor: topic, value: { heat: 1 } }]);
  const kinds = ['12:30 o’clock', '1.000:', '1.000:1:', ':1', '1.000:1\0\0', '1.000:0x10'].map(
    (text) => PROFILES.read(topic, Buffer.from(text)).kind,
  );
  expect(kinds).toEqual(kinds.map(() => 'unknown'));
});

function readingsOf(topic: string, payload: string) {
  const understood = PROFILES.read(topic, Buffer.from(payload));
  return understood.kind === 'readings' ? understood.readings : [];
}
