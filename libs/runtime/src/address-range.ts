/**
 * Whom an IP address counts for: an IPv4 address for itself, also when it is mapped (RFC 4291 §2.5.5.2); an IPv6 address
 * for its /64, the least that one subscriber has.
 */
export function addressRange(ip: string): string {
  if (!ip.includes(':')) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  const [head = '', tail] = ip.replace(/(\d+\.){3}\d+$/, '0:0').split('::'); // an IPv4 tail is never in the first 64 bits
  const groups = head ? head.split(':') : [];
  if (tail !== undefined) {
    const last = tail ? tail.split(':') : [];
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  const network = groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
