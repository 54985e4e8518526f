import { BlockList } from 'node:net';
import type { Upstreams } from '@keyward/contracts';
import { invalid } from '../refusals';

/** Link-local addresses, where clouds tell machines their secrets, and those that name no machine. */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('0.0.0.0', 8, 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addAddress('::', 'ipv6');
NEVER.addAddress('fd00:ec2::254', 'ipv6');

/** The upstreams as they are kept: without a slash at the end. Throws `invalid_request`. */
export function checkUpstreams({ production, sandbox }: Upstreams): Upstreams {
  return {
    ...(production != null && { production: checkUpstream('production', production) }),
    ...(sandbox != null && { sandbox: checkUpstream('sandbox', sandbox) }),
  };
}

function checkUpstream(kind: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refused = (why: string) => invalid(`the ${kind} upstream ${why}`);
  if (!url || !/^https?:$/.test(url.protocol)) throw refused('must be an http:// or https:// URL');
  // Credentials would be in the feed, and so in every gateway.
  if (url.username || url.password) throw refused('must not have credentials');
  if (url.search || url.hash || /[?#]$/.test(text)) throw refused('must not have a query or a fragment');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (NEVER.check(host, host.includes(':') ? 'ipv6' : 'ipv4')) throw refused('must not be a link-local address');
  return url.href.replace(/\/+$/, '');
}
