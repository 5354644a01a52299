import { expect, test } from 'vitest';
import { broadcastAddresses, type Interfaces } from './broadcast-addresses.ts';

const INTERFACES: Interfaces = {
  lo: [{ address: '127.0.0.1', netmask: '255.0.0.0', family: 'IPv4', internal: true }],
  eth0: [
    { address: '192.0.2.7', netmask: '255.255.255.0', family: 'IPv4', internal: false },
    { address: 'fe80::1', netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', internal: false },
  ],
  wlan0: [{ address: '10.1.130.9', netmask: '255.255.192.0', family: 'IPv4', internal: false }],
};

test('[NW18] a peer that listens on loopback broadcasts there only', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) {
    expect(broadcastAddresses(host, INTERFACES)).toEqual(['127.255.255.255']);
  }
});

test('[NW18] a peer that listens everywhere broadcasts on every IPv4 interface and on loopback', () => {
  for (const host of ['0.0.0.0', '::', 'node-1.example']) {
    expect(broadcastAddresses(host, INTERFACES)).toEqual(['127.255.255.255', '192.0.2.255', '10.1.191.255']);
  }
});

test('[NW18] a peer that listens on one interface broadcasts there and on loopback', () => {
  expect(broadcastAddresses('10.1.130.9', INTERFACES)).toEqual(['127.255.255.255', '10.1.191.255']);
});
