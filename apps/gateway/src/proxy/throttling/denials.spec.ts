import { BlockList, isIPv6 } from 'node:net';
import { denyRules, type DenyRuleRecord } from '@keyward/contracts';
import type { JWTPayload } from 'jose';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG, ROOT } from '../../../test/started-gateway';
import { Denials } from './denials';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied((upstream) => [
    api(upstream, { resources: [resource('GET', '/*'), resource('GET', '/free', { authentication: 'none' })] }),
    api(upstream, { id: 'other', name: 'Other', context: '/other' }),
  ]);
});
afterAll(() => proxied.close());

const ask = async (path = '/pizza/1.0.0/menu', claims: JWTPayload = {}) =>
  proxied.gateway.ask(`/t/johnsorg${path}`, { headers: await proxied.bearer(claims) });
const rule = (kind: DenyRuleRecord['kind'], target: string, organizationId = JOHNSORG.id) => ({
  ...{ organizationId, kind, target },
});

it.each<[DenyRuleRecord['kind'], string]>([
  ['ip', '127.0.0.1'],
  ['ip', '127.0.0.0/8'],
  ['application', 'shop'],
  ['user', '9f1f6f0e-0000-4000-8000-000000000001'],
  ['api', 'pizza'],
])('900805 all calls of %s %s are refused as long as a rule says so', async (kind, target) => {
  proxied.services.change(denyRules, 'rule', rule(kind, target));
  const { status, json } = await ask();
  expect([status, json]).toEqual([
    403,
    {
      ...{ code: '900805', message: 'Message blocked' },
      description: 'You have been blocked from accessing the resource',
    },
  ]);
  proxied.services.change(denyRules, 'rule', null);
  expect((await ask()).status).toBe(200);
});

it('900805 an address is refused what needs no token, and an API that is denied leaves the others alone', async () => {
  proxied.services.change(denyRules, 'rule', rule('ip', '127.0.0.1'));
  expect((await ask('/pizza/1.0.0/free')).json.code).toBe('900805');
  proxied.services.change(denyRules, 'rule', rule('api', 'pizza'));
  expect((await ask('/other/1.0.0/x')).status).toBe(200);
  proxied.services.change(denyRules, 'rule', rule('user', 'somebody else'));
  expect((await ask()).status).toBe(200);
  proxied.services.change(denyRules, 'rule', null);
});

it('900805 an address that is denied, and an API, are not told what there is by OPTIONS either', async () => {
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
  const options = async (headers = {}) =>
    (await proxied.gateway.ask('/t/johnsorg/pizza/1.0.0/menu', { method: 'OPTIONS', headers })).status;
  for (const denied of [rule('ip', '127.0.0.1'), rule('api', 'pizza')]) {
    proxied.services.change(denyRules, 'rule', denied);
    expect([await options(), await options(preflight)]).toEqual([403, 403]);
  }
  proxied.services.change(denyRules, 'rule', null);
  expect([await options(), await options(preflight)]).toEqual([200, 200]);
});

it('abuse 1: a rule is about its own organization’s APIs', async () => {
  proxied.services.change(denyRules, 'rule', rule('ip', '127.0.0.1', ROOT.id));
  expect((await ask()).status).toBe(200);
  proxied.services.change(denyRules, 'rule', null);
});

it('knows addresses of both kinds, and forgets an organization with its last rule', () => {
  const denials = new Denials();
  denials.apply('a', rule('ip', '2001:db8::/32'));
  denials.apply('b', rule('ip', '192.0.2.0/24'));
  const is = (address: string) => denials.of(JOHNSORG.id)?.isAddress(address);
  expect(['2001:db8:1::1', '2001:db9::1', '192.0.2.255', '192.0.3.0'].map(is)).toEqual([true, false, true, false]);
  denials.apply('a', null);
  expect(is('2001:db8::1')).toBe(false);
  denials.apply('b', null);
  expect(denials.of(JOHNSORG.id)).toBeUndefined();
});

describe('abuse 48: many rules', () => {
  const denials = new Denials();
  const is = (address: string) => denials.of(JOHNSORG.id)?.isAddress(address) ?? false;
  afterEach(() => denials.clear());

  it('cost each change and each request the same, however many there are', () => {
    const many = 100_000;
    const address = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    for (let n = 0; n < many; n++) denials.apply(`${n}`, rule('ip', address(n)));
    denials.apply('range', rule('ip', '10.64.0.0/10'));
    const asked = [address(0), address(many - 1), address(many), '10.64.0.0', '10.127.255.255', '10.128.0.0'];
    expect(asked.map(is)).toEqual([true, true, false, true, true, false]);
    for (let n = 0; n < many; n++) is(address(many + n));
    for (let n = 0; n < many; n++) denials.apply(`${n}`, null);
    expect(asked.map(is)).toEqual([false, false, false, true, true, false]);
    denials.apply('range', rule('ip', '192.0.2.1'));
    expect([is('10.64.0.0'), is('192.0.2.1')]).toEqual([false, true]);
  });

  it('are compared as addresses, in any spelling', () => {
    const ranges = [
      ...['192.0.2.0/24', '198.51.100.7', '203.0.113.128/25', '10.0.0.0/8', '0.0.0.0/32', '::ffff:100.64.0.0/106'],
      ...['2001:db8::/33', '2001:db8:ffff::1', '::', 'fe80::/10', '64:ff9b::192.0.2.33', '2001:0DB8:0000:1::00ff'],
    ];
    const addresses = [
      ...['192.0.2.0', '192.0.2.255', '192.0.3.0', '198.51.100.7', '198.51.100.8', '203.0.113.127', '203.0.113.128'],
      ...['10.255.255.255', '11.0.0.0', '0.0.0.0', '0.0.0.1', '100.64.0.1', '100.127.255.255', '100.128.0.0'],
      ...['::ffff:192.0.2.9', '::FFFF:c000:0209', '::ffff:192.0.3.9', '2001:db8:7fff:ffff::', '2001:db8:8000::'],
      ...['2001:db8:ffff:0:0:0:0:1', '2001:db8:ffff::2', '::', '::1', 'febf::1', 'fec0::1', '64:ff9b::c000:221'],
      ...['2001:db8:0:1::ff', '2001:db8:0:1:0:0:0:ff', '255.255.255.255', 'ffff::'],
    ];
    const list = new BlockList();
    for (const [n, range] of ranges.entries()) {
      denials.apply(`${n}`, rule('ip', range));
      const [network = '', bits] = range.split('/');
      if (range.startsWith('::ffff')) list.addSubnet('100.64.0.0', 10, 'ipv4');
      else list.addSubnet(network, Number(bits ?? (isIPv6(network) ? 128 : 32)), isIPv6(network) ? 'ipv6' : 'ipv4');
    }
    for (const each of addresses)
      expect([each, is(each)]).toEqual([each, list.check(each, isIPv6(each) ? 'ipv6' : 'ipv4')]);
    // The same range, said twice.
    denials.apply('again', rule('ip', '192.0.2.99/24'));
    denials.apply('0', null);
    expect(is('192.0.2.1')).toBe(true);
    denials.apply('again', null);
    expect(is('192.0.2.1')).toBe(false);
  });
});
