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
