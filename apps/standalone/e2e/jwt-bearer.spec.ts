import { deployment, type Answer } from '@keyward/testing';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { decodeJwt, UnsecuredJWT } from 'jose';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { appearanceOf, expectError } from './support/answers';
import { now, pairOf, signed, type Pair } from './support/assertion';
import { foreignServer } from './support/foreign-server';
import { ask, expectProblem } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

let org: string;
let audience: string;
let user: TestUser;
let key: TestKey;
let pair: Pair;
let issuer: string;
let name: string;

beforeAll(async () => {
  org = await makeOrganization();
  audience = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  [user, key, pair] = await Promise.all([
    makeUser(org),
    makeKey(org, { grantTypes: [GRANT, 'refresh_token'] }),
    pairOf(),
  ]);
  issuer = `https://${unique('hr')}.example`;
  name = unique('hr');
  await trust({ name, issuer, jwks: { keys: [pair.jwk] }, users: [{ subject: '4711', userId: user.id }] });
});

const trust = (body: object, at = org) => manage('POST', `/${at}/trusted-issuers`, body);
const claims = (more: object = {}) => ({
  ...{ iss: issuer, sub: '4711', aud: audience, jti: randomUUID(), iat: now(), exp: now() + 60, ...more },
});
const send = (assertion: string, by = key, path = '/token'): Promise<Answer> =>
  keyward.send(path, { form: { grant_type: GRANT, assertion }, basic: by.basic });

it('JB-01 gives a token of the user who is linked, and no refresh token', async () => {
  const { status, body } = await send(await signed(claims(), pair));
  expect([status, Object.keys(body as object).sort()]).toEqual([
    200,
    ['access_token', 'expires_in', 'scope', 'token_type'],
  ]);
  expect(decodeJwt(body.access_token as string)).toMatchObject({
    sub: user.id,
    client_id: key.consumerKey,
    iss: audience,
  });
  expect(await isActive(body.access_token as string, key)).toBe(true);
  expect((await send(await signed(claims(), pair), key, `/t/${org}/oauth2/token`)).status).toBe(200);
});

const wrong: Record<string, () => Promise<string> | string> = {
  'an unknown issuer': () => signed(claims({ iss: 'https://nobody.example' }), pair),
  'no issuer': () => signed(claims({ iss: undefined }), pair),
  'no subject': () => signed(claims({ sub: undefined }), pair),
  'a subject that is nobody’s': () => signed(claims({ sub: '4712' }), pair),
  'JB-02 the name of a user who is not linked': () => signed(claims({ sub: user.username }), pair),
  'JB-02 the id of a user who is not linked': () => signed(claims({ sub: user.id }), pair),
  'no audience': () => signed(claims({ aud: undefined }), pair),
  'another audience': () => signed(claims({ aud: 'https://example.com' }), pair),
  'the token endpoint as audience': () => signed(claims({ aud: `${audience}/oauth2/token` }), pair),
  'an array as audience': () => signed(claims({ aud: [audience] }), pair),
  'no exp': () => signed(claims({ exp: undefined }), pair),
  'an exp that is past': () => signed(claims({ iat: now() - 120, exp: now() - 60 }), pair),
  'an nbf of the future': () => signed(claims({ nbf: now() + 120 }), pair),
  'JB-02 no jti': () => signed(claims({ jti: undefined }), pair),
  'JB-02 a life of more than 300 s': () => signed(claims({ exp: now() + 600 }), pair),
  'another key': async () => signed(claims(), { ...(await pairOf()), jwk: pair.jwk }),
  'the type of an access token': () => signed(claims(), pair, { typ: 'at+jwt' }),
  'the type of a client’s assertion': () => signed(claims(), pair, { typ: 'client-authentication+jwt' }),
  'no signature': () => new UnsecuredJWT(claims()).encode(),
  'no form at all': () => 'x.y.z',
};
it.each(Object.keys(wrong))('JB-01 %s is invalid_grant, and looks the same', async (cause) => {
  const answer = await send((await wrong[cause]?.()) ?? '');
  expectError(answer, 'invalid_grant');
  expect(appearanceOf(answer)).toEqual(appearanceOf(await send('x')));
});

it('JB-02 an assertion is used once, of eight at the same time', async () => {
  const assertion = await signed(claims(), pair);
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(assertion)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(400)]);
});

it('JB-01 MT-05 whom one organization trusts, another does not', async () => {
  const there = await makeOrganization();
  const its = await makeKey(there, { grantTypes: [GRANT] });
  expectError(await send(await signed(claims(), pair), its), 'invalid_grant');
  const aud = audience.replace(/[^/]+$/, there);
  expectError(await send(await signed(claims({ aud }), pair), its), 'invalid_grant');
  // Nor can it be made to speak for the other's users.
  await trust({ name, issuer, jwks: { keys: [pair.jwk] }, users: [{ subject: '4711', userId: user.id }] }, there);
  expectError(await send(await signed(claims({ aud }), pair), its), 'invalid_grant');
});

it('JB-03 the client has to prove itself as well', async () => {
  const assertion = await signed(claims(), pair);
  const form = { grant_type: GRANT, assertion };
  expectError(await keyward.send('/token', { form }), 'invalid_client');
  expectError(await keyward.send('/token', { form, basic: [key.consumerKey, 'wrong'] }), 'invalid_client');
  expect((await send(assertion)).status).toBe(200);
});

it('JB-01 is off for a consumer key until it is allowed, and wants an assertion', async () => {
  expectError(await send(await signed(claims(), pair), await makeKey(org)), 'unauthorized_client');
  expectError(await key.token({ grant_type: GRANT }), 'invalid_request');
});

it('RT-10 a user who is disabled gets no token by it', async () => {
  const other = await makeUser(org);
  const iss = `https://${unique('hr')}.example`;
  await trust({
    name: unique('hr'),
    issuer: iss,
    jwks: { keys: [pair.jwk] },
    users: [{ subject: '1', userId: other.id }],
  });
  expect((await send(await signed(claims({ iss, sub: '1' }), pair))).status).toBe(200);
  await manage('PATCH', `/${org}/users/${other.username}`, { state: 'disabled' });
  expectError(await send(await signed(claims({ iss, sub: '1' }), pair)), 'invalid_grant');
});

it('JB-01 DR-09 the keys of an issuer are fetched from where it publishes them', async () => {
  const server = await foreignServer();
  server.answers['/jwks'] = { body: JSON.stringify({ keys: [pair.jwk] }) };
  const users = [{ subject: '1', userId: user.id }];
  await trust({ name: unique('hr'), issuer: server.url, jwksUri: `${server.url}/jwks`, users });
  for (let i = 0; i < 3; i++)
    expect((await send(await signed(claims({ iss: server.url, sub: '1' }), pair))).status).toBe(200);
  expect(server.asked).toEqual(['/jwks']);
  server.close();
});

it('JB-02 issuers are managed by the command line, and users linked by their names', async () => {
  const file = `${keyward.access.directory ?? '/tmp'}/${unique('keys')}.json`;
  await writeFile(file, JSON.stringify({ keys: [pair.jwk] }));
  const [hr, iss] = [unique('hr'), `https://${unique('hr')}.example`];
  const cli = (...args: string[]) => keyward.cliJson('trusted-issuers', ...args, '--org', org);
  await cli('create', hr, iss, '--jwks-file', file);
  expectError(await send(await signed(claims({ iss, sub: '1' }), pair)), 'invalid_grant');
  expect((await cli('link', hr, '1', user.username)).users).toEqual([{ subject: '1', userId: user.id }]);
  expect((await send(await signed(claims({ iss, sub: '1' }), pair))).status).toBe(200);
  expect((await cli('unlink', hr, '1')).users).toEqual([]);
  expectError(await send(await signed(claims({ iss, sub: '1' }), pair)), 'invalid_grant');
  expect(((await cli('list')) as { name: string }[]).map((each) => each.name)).toContain(hr);
  expect((await cli('update', hr, '--jwks-uri', 'https://hr.example/jwks')).jwks).toBeNull();
  expect((await keyward.cli(['trusted-issuers', 'delete', hr, '--org', org])).code).toBe(0);
  await eventually(async () => (await ask('GET', `/${org}/trusted-issuers/${hr}`)).status === 404);
});

it('JB-02 users who are linked at once are all linked, and an issuer speaks of five hundred at most', async () => {
  const [hr, iss] = [unique('hr'), `https://${unique('hr')}.example`];
  const linked = Array.from({ length: 494 }, (_, n) => ({ subject: `old-${n}`, userId: user.id }));
  await trust({ name: hr, issuer: iss, jwks: { keys: [pair.jwk] }, users: linked });
  const path = `/${org}/trusted-issuers/${hr}`;
  const link = (subject: string) => ask('POST', `${path}/users`, { subject, userId: user.id });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => link(`new ${n}/x`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 409, 409]);
  expect((await manage('GET', path)).users).toHaveLength(500);
  expect((await link('old-1')).status).toBe(200);
  const taken = ['old-0', 'old-1', 'old-2'].map((subject) => ask('DELETE', `${path}/users/${subject}`));
  expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([204, 204, 204]);
  expect((await manage('GET', path)).users).toHaveLength(497);
  expectProblem(await ask('DELETE', `${path}/users/old-0`), 'not_found', 404);
  for (const bad of [{ subject: 'x' }, { subject: '', userId: user.id }, { subject: 'x', userId: 'ann' }])
    expectProblem(await ask('POST', `${path}/users`, bad), 'invalid_request', 400);
  expectProblem(
    await ask('POST', `/${org}/trusted-issuers/nobody/users`, { subject: 'x', userId: user.id }),
    'not_found',
    404,
  );
});

it('JB-01 issuers of no use are not taken', async () => {
  const taken = { name: unique('hr'), issuer: `https://${unique('hr')}.example`, jwks: { keys: [pair.jwk] } };
  const bad: object[] = [
    { ...taken, jwks: undefined },
    { ...taken, jwksUri: 'https://hr.example/jwks' },
    { ...taken, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } },
    { ...taken, users: [{ subject: '1' }] },
    { ...taken, users: [1, 2].map(() => ({ subject: '1', userId: user.id })) },
    { ...taken, name: 'a/b' },
  ];
  for (const body of bad) expectProblem(await ask('POST', `/${org}/trusted-issuers`, body), 'invalid_request', 400);
  await trust(taken);
  expectProblem(await ask('POST', `/${org}/trusted-issuers`, taken), 'conflict', 409);
  expectProblem(await ask('POST', `/${org}/trusted-issuers`, { ...taken, name: unique('hr') }), 'conflict', 409);
});

it('JB-01 openid-client sends its assertions', async () => {
  const dispatcher = new Agent({ connect: { ca: keyward.ca } });
  const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
  const authentication = openid.ClientSecretPost(key.consumerSecret);
  const config = await openid.discovery(new URL(audience), key.consumerKey, undefined, authentication, {
    [openid.customFetch]: trusting,
  });
  const { access_token } = await openid.genericGrantRequest(config, GRANT, { assertion: await signed(claims(), pair) });
  expect(await openid.tokenIntrospection(config, access_token)).toMatchObject({ active: true, sub: user.id });
  await dispatcher.close();
});
