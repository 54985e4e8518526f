import { deployment, type Answer } from '@keyward/testing';
import { now, pairOf, signed, type Pair } from './support/assertion';
import { foreignServer, type ForeignServer } from './support/foreign-server';
import { ask, expectProblem } from './support/management';
import { eventually, makeKey, makeOrganization, manage, unique, type TestKey } from './support/operator';
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();
const AUDIENCE = 'https://api.johns.org';

let upstream: Upstream;
let partner: ForeignServer;
let pair: Pair;
let org: string;
let key: TestKey;

beforeAll(async () => {
  [upstream, partner, pair, org] = await Promise.all([startUpstream(), foreignServer(), pairOf(), makeOrganization()]);
  partner.answers['/jwks'] = { body: JSON.stringify({ keys: [pair.jwk] }) };
  key = await makeKey(org);
  for (const name of ['read', 'update']) await manage('POST', `/${org}/scopes`, { name });
  const resource = (verb: string, scope: string) => ({ verb, template: '/*', authentication: 'any', scopes: [scope] });
  await manage('POST', `/${org}/apis`, {
    ...{ name: 'menu', version: '1.0', context: '/menu' },
    upstreams: { production: upstream.url },
    resources: [resource('GET', 'read'), resource('PUT', 'update')],
  });
  await manage('POST', `/${org}/apis/menu/state`, { state: 'PUBLISHED' });
  await manage('POST', `/${org}/subscriptions`, { application: key.application, api: 'menu' });
});
afterAll(() => {
  partner.close();
  upstream.close();
});

const tokenOf = (claims: object = {}) =>
  signed(
    {
      ...{ iss: partner.url, aud: AUDIENCE, sub: 'ann', client_id: 'partner-app', scope: 'menu:read' },
      ...{ iat: now(), exp: now() + 300, ...claims },
    },
    pair,
    { typ: 'at+jwt' },
  );
const call = (bearer: string, method: 'GET' | 'PUT' = 'GET', at = org): Promise<Answer> =>
  keyward.send(`/t/${at}/menu/1.0/x`, { method, bearer });
const codeOf = ({ status, body }: Answer) => [status, body.code];
const cli = (...args: string[]) => keyward.cliJson('trusted-issuers', ...args, '--org', org);

it('AT-02 DR-09 tokens of another issuer open what the command line says, live within a second, and nothing before or after', async () => {
  const token = await tokenOf();
  await cli('create', 'partner', partner.url, '--jwks-uri', `${partner.url}/jwks`);
  expect(codeOf(await call(token))).toEqual([401, '900901']);
  expect(partner.asked).toEqual([]);

  const mapping = ['--client', `partner-app=${key.consumerKey}`, '--scope', 'menu:read=read'];
  const { access } = await cli('tokens', 'partner', '--audience', AUDIENCE, ...mapping);
  expect(access).toEqual({
    audience: AUDIENCE,
    clients: [{ client: 'partner-app', consumerKey: key.consumerKey }],
    scopes: [{ scope: 'menu:read', as: 'read' }],
  });
  await eventually(async () => (await call(token)).status === 200);
  expect(codeOf(await call(token, 'PUT'))).toEqual([403, '900910']);
  expect(codeOf(await call(await tokenOf({ aud: 'https://else.example' })))).toEqual([401, '900901']);
  expect(codeOf(await call(await tokenOf({ client_id: 'another' })))).toEqual([401, '900901']);
  expect(partner.asked).toEqual(['/jwks']);

  expect((await cli('tokens', 'partner', '--none')).access).toBeNull();
  await eventually(async () => codeOf(await call(token)).join() === '401,900901');
});

it('AT-02 a consumer key that is disabled, and a trust that is deleted, end them', async () => {
  const brief = await makeKey(org);
  await manage('POST', `/${org}/subscriptions`, { application: brief.application, api: 'menu' });
  const [name, iss] = [unique('partner'), `https://${unique('partner')}.example`];
  const access = {
    audience: AUDIENCE,
    clients: [{ client: 'partner-app', consumerKey: brief.consumerKey }],
    scopes: [{ scope: 'menu:read', as: 'read' }],
  };
  await manage('POST', `/${org}/trusted-issuers`, { name, issuer: iss, jwks: { keys: [pair.jwk] }, access });
  const token = await tokenOf({ iss });
  await eventually(async () => (await call(token)).status === 200);
  await manage('PATCH', `/${org}/keys/${brief.consumerKey}`, { state: 'disabled' });
  await eventually(async () => codeOf(await call(token)).join() === '401,900901');
  await manage('PATCH', `/${org}/keys/${brief.consumerKey}`, { state: 'active' });
  await eventually(async () => (await call(await tokenOf({ iss, iat: now() + 1 }))).status === 200);
  await manage('DELETE', `/${org}/trusted-issuers/${name}`);
  await eventually(async () => codeOf(await call(await tokenOf({ iss, iat: now() + 1 }))).join() === '401,900901');
});

it('MT-05 access that names what the organization does not have, or twice, is not taken', async () => {
  const elsewhere = await makeKey(await makeOrganization());
  const trusted = { name: unique('p'), issuer: `https://${unique('p')}.example`, jwks: { keys: [pair.jwk] } };
  const access = { audience: AUDIENCE, clients: [], scopes: [] };
  const mapped = { client: 'partner-app', consumerKey: key.consumerKey };
  for (const bad of [
    {},
    { clients: [{ client: 'partner-app', consumerKey: elsewhere.consumerKey }] },
    { clients: [mapped, mapped] },
    { scopes: [1, 2].map(() => ({ scope: 'a', as: 'read' })) },
    { scopes: [{ scope: 'a b', as: 'read' }] },
    { audience: '' },
    { clientClaim: 'a b' },
  ]) {
    const body = { ...trusted, access: Object.keys(bad).length === 0 ? bad : { ...access, ...bad } };
    expectProblem(await ask('POST', `/${org}/trusted-issuers`, body), 'invalid_request', 400);
  }
  expect((await ask('POST', `/${org}/trusted-issuers`, { ...trusted, access })).status).toBe(201);
});
