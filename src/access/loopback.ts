// Whether somebody comes from this machine.

/** Also of an IPv4 address in an IPv6 one. */
export function isLoopback(address: string | undefined): boolean {
  const bare = (address ?? '').replace(/^::ffff:/i, '');
  return bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
