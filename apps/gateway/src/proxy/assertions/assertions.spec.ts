import {
  apis,
  getJwks,
  getProfile,
  nameUsers,
  ServiceError,
  signBackendToken,
  type PublicJwk,
  type SignBackendToken,
} from '@keyward/contracts';
import type { JWTPayload } from 'jose';
import { api, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG } from '../../../test/started-gateway';

let proxied: Proxied;
let asked: SignBackendToken[];
let away: boolean;
beforeAll(async () => {
  proxied = await startProxied((upstream) => [
    api(upstream),
    api(upstream, { id: 'told', name: 'Told', context: '/told', backendToken: true }),
    api(upstream, { id: 'also', name: 'Also', context: '/also', backendToken: true }),
  ]);
  const { services } = proxied;
  services.on(nameUsers, ({ ids }) => ({ names: Object.fromEntries(ids.map((id) => [id, 'ann'])) }));
  services.on(signBackendToken, (request) => {
    asked.push(request);
    if (away) throw new ServiceError('temporarily_unavailable');
    return { jwt: `signed.${asked.length}` };
  });
});
afterAll(() => proxied.close());
beforeEach(() => {
  [asked, away] = [[], false];
});

const ask = async (path: string, claims: JWTPayload = {}, headers: Record<string, string> = {}) =>
  proxied.gateway.ask(`/t/johnsorg${path}`, { headers: { ...(await proxied.bearer(claims)), ...headers } });
const assertion = () => proxied.upstream.reached.at(-1)?.headers['x-jwt-assertion'];

it('JK-03 the key of a first assertion is published at once, whoever has just looked', async () => {
  const published = async () => (await proxied.gateway.ask('/t/johnsorg/jwks')).json.keys as PublicJwk[];
  const before = await published();
  const made = { ...before[0]!, kid: 'made for it' };
  proxied.services.on(getJwks, () => ({ keys: [...before, made] }));
  expect((await ask('/told/1.0.0/x', { jti: 'first' })).status).toBe(200);
  expect(await published()).toEqual([...before, made]);
});

it('RS-06 an upstream is told who calls where its API says so, and by nobody but the gateway', async () => {
  const exp = Math.floor(Date.now() / 1000) + 60;
  expect((await ask('/told/1.0.0/x', { exp, jti: 'a' }, { 'x-jwt-assertion': 'made up' })).status).toBe(200);
  expect(assertion()).toBe('signed.1');
  expect(asked).toEqual([
    {
      ...{ organizationId: JOHNSORG.id, applicationId: 'shop', keytype: 'PRODUCTION', until: exp },
      subject: '9f1f6f0e-0000-4000-8000-000000000001',
      claims: {
        ...{ subscriber: 'johnsorg', tier: 'Unlimited', applicationtier: 'Unlimited', apiname: 'Told' },
        ...{ apicontext: '/t/johnsorg/told/1.0.0', version: '1.0.0', usertype: 'APPLICATION_USER' },
        ...{ enduser: 'ann@johnsorg', enduserTenantId: JOHNSORG.id },
      },
    },
  ]);
  await ask('/pizza/1.0.0/x', {}, { 'x-jwt-assertion': 'made up' });
  expect(assertion()).toBeUndefined();
});

it('is signed once for a token and an API', async () => {
  await Promise.all([1, 2, 3].map(() => ask('/told/1.0.0/x', { jti: 'b' })));
  await ask('/told/1.0.0/y', { jti: 'b' });
  expect(asked).toHaveLength(1);
  await ask('/also/1.0.0/x', { jti: 'b' });
  await ask('/told/1.0.0/x', { jti: 'c' });
  expect(asked).toHaveLength(3);
});

it('says that an application calls for itself', async () => {
  const sub = 'client';
  await ask('/told/1.0.0/x', { auth_time: undefined, sub, jti: 'd', client_id: 'sandbox-client' });
  expect(asked).toMatchObject([
    { keytype: 'SANDBOX', subject: sub, claims: { usertype: 'APPLICATION', enduser: sub } },
  ]);
});

it('900900 no request goes without one when nobody can sign it', async () => {
  away = true;
  const before = proxied.upstream.reached.length;
  const { status, json } = await ask('/told/1.0.0/x', { jti: 'e' });
  expect([status, json.code, proxied.upstream.reached.length]).toEqual([503, '900900', before]);
  away = false;
  expect((await ask('/told/1.0.0/x', { jti: 'e' })).status).toBe(200);
});

it('RS-06 says of the user what the API lets it say, in API Manager’s words, and nothing else', async () => {
  const profile = { email: 'ann@johns.org', given_name: 'Ann', birthdate: '1990-01-01', email_verified: true };
  proxied.services.on(getProfile, ({ sub }) => {
    if (sub.endsWith('2')) throw new ServiceError('not_found');
    return { profile, roles: ['boss', 'cook'] };
  });
  const backendClaims = ['email', 'given_name', 'nickname', 'roles'] as const;
  const { url } = proxied.upstream;
  proxied.services.change(
    apis,
    'claims',
    api(url, { id: 'claims', name: 'C', context: '/claims', backendToken: true, backendClaims: [...backendClaims] }),
  );
  expect((await ask('/claims/1.0.0/x', { jti: 'f' })).status).toBe(200);
  expect(asked[0]?.claims).toMatchObject({ emailaddress: 'ann@johns.org', givenname: 'Ann', role: 'boss,cook' });
  for (const absent of ['dob', 'nickname', 'email', 'email_verified'])
    expect(asked[0]?.claims).not.toHaveProperty(absent);
  await ask('/claims/1.0.0/x', { jti: 'g', auth_time: undefined, sub: 'client' });
  expect(asked[1]?.claims).not.toHaveProperty('emailaddress');
  expect((await ask('/claims/1.0.0/x', { jti: 'h', sub: '9f1f6f0e-0000-4000-8000-000000000002' })).status).toBe(200);
});
