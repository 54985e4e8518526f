import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** What is not of the public Internet: the special-purpose registries of RFC 6890 as IANA keeps them. */
const SPECIAL = blockList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);
/** Of IPv6, only this is given out (RFC 4291 §2.4): so neither loopback nor local, mapped or translated addresses. */
const GLOBAL_IPV6 = blockList(['2000::/3']);

/** Ranges such as `10.0.0.0/8`, and single addresses, as a set that can be asked. */
export function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Whether an address is one of the public Internet, or of those an operator allows as well. */
export function isReachable(address: string, allowed: BlockList): boolean {
  if (isIPv4(address)) return allowed.check(address, 'ipv4') || !SPECIAL.check(address, 'ipv4');
  if (!isIPv6(address)) return false;
  if (allowed.check(address, 'ipv6')) return true;
  return GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6');
}
