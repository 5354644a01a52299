import { expect, test } from 'vitest';
import { bareAddress, LostAddresses } from './lost-addresses.ts';

test('[NW11] an address is lost once: at the first look after it has gone', () => {
  let here = ['127.0.0.1', '10.0.0.4'];
  const lost = new LostAddresses(() => here);

  const before = lost.look();
  here = ['127.0.0.1', '10.0.0.6'];
  const at = lost.look();
  const after = lost.look();
  here = ['127.0.0.1', '10.0.0.4', '10.0.0.6'];
  const back = lost.look();

  expect([...before]).toEqual([]);
  expect([...at]).toEqual(['10.0.0.4']);
  expect([...after]).toEqual([]);
  expect([...back]).toEqual([]);
});

test('[NW11] addresses are compared without zones and prefixes, and loopback stays', () => {
  expect(['fe80::1%eth0', '::ffff:10.0.0.4', '::1'].map(bareAddress)).toEqual(['fe80::1', '10.0.0.4', '::1']);
  expect([...new LostAddresses().look()]).toEqual([]);
});
