import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { ProxySettings } from '@keyward/runtime';
import { Agent, buildConnector } from 'undici';
import { SlowClients } from './slow-clients';
import { Turns } from './turns';

/** Milliseconds. */
const CONNECT_MS = 5000;
const KEPT_MS = 30_000;

/** The ways to the upstreams, and who may take them. */
export interface Upstreams {
  agent: Agent;
  turns: Turns;
  slowClients: SlowClients;
}

/** Opens them; the agent is to be closed. */
export const openUpstreams = (settings: ProxySettings): Upstreams => ({
  agent: upstreamAgent(settings),
  turns: new Turns(settings.upstreamRequests),
  slowClients: new SlowClients(),
});

/** Connections to the upstreams: pools by origin, given up when they are not used, as large as the turns that are given. */
function upstreamAgent({ upstreamTimeout, upstreamPrivateAddresses }: ProxySettings): Agent {
  const timeoutMs = upstreamTimeout * 1000;
  const connectMs = Math.min(CONNECT_MS, timeoutMs);
  return new Agent({
    pipelining: 1,
    keepAliveTimeout: KEPT_MS,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 32 * 1024,
    connect: upstreamPrivateAddresses ? { timeout: connectMs } : publicConnector(connectMs),
  });
}

/** RFC 6890: what is not the internet. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
  ] as const),
  ...([
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
])
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** Whether an address leads to this machine or to a network behind it; IPv4 within IPv6 is looked at as IPv4. */
export const isPrivateAddress = (address: string): boolean => {
  const kind = isIP(address);
  return kind === 0 || PRIVATE.check(address, kind === 4 ? 'ipv4' : 'ipv6');
};

/** Looked at when the connection is made: what a name meant before says nothing of what it means now. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    const addresses = error ? [] : found.filter(({ address }) => !isPrivateAddress(address));
    const [first] = addresses;
    if (error || !first) callback(error ?? notPublic(), '');
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** A host that is an address is not resolved, so it is looked at by itself. */
function publicConnector(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout, lookup: publicLookup });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && isPrivateAddress(host)) callback(notPublic(), null);
    else connect(options, callback);
  };
}

const notPublic = () => Object.assign(new Error('no public address'), { code: 'ENOTFOUND' });
