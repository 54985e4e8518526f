import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { assertionOf, pairOf } from './support/assertion';
import { authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { foreignServer } from './support/foreign-server';
import { eventually, makeOrganization, makeUser, manage, unique, type TestUser } from './support/operator';

const keyward = deployment();
const METADATA = { redirect_uris: [REDIRECT_URI], client_name: 'Shop' };
type Registered = Record<string, string> & { client_id: string; registration_access_token: string };

let closed: string;
let byToken: string;
let open: string;
let user: TestUser;

const discovered = async (org: string) =>
  (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.registration_endpoint as string | undefined;

/** An organization whose switch every gateway has heard of. */
async function organizationThatIs(clientRegistration: string): Promise<string> {
  const org = await makeOrganization();
  await manage('PATCH', `/${org}`, { clientRegistration });
  await eventually(async () => (await discovered(org)) !== undefined);
  return org;
}

beforeAll(async () => {
  [closed, byToken, open] = await Promise.all([
    makeOrganization(),
    organizationThatIs('token'),
    organizationThatIs('open'),
  ]);
  user = await makeUser(open);
});

const post = (org: string, json: unknown, bearer?: string, headers: Record<string, string> = {}): Promise<Answer> =>
  keyward.send(`/t/${org}/oauth2/register`, { json, bearer, headers });
const newToken = async (org = byToken): Promise<string> =>
  (await manage('POST', `/${org}/initial-access-tokens`, {})).initialAccessToken;

async function registered(metadata: object = METADATA, org = byToken): Promise<Registered> {
  const { status, body, text } = await post(org, metadata, org === open ? undefined : await newToken(org));
  if (status !== 201) throw new Error(text);
  return body as Registered;
}

/** A request to where a client is managed. */
const at = (client: Registered, options: SendOptions = {}): Promise<Answer> =>
  keyward.send(new URL(client['registration_client_uri'] ?? '').pathname, {
    bearer: client.registration_access_token,
    ...options,
  });
const basicOf = (client: Registered): [string, string] => [client.client_id, client['client_secret'] ?? ''];

function expectChallenge({ status, headers }: Answer, error?: string): void {
  expect(status).toBe(401);
  expect(headers['www-authenticate']).toBe(`Bearer realm="keyward"${error ? `, error="${error}"` : ''}`);
  expect(headers['cache-control']).toBe('no-store');
}

describe('the endpoint', () => {
  it('DR-01 DS-05 is closed by default, and discovery tells of it only where it is not', async () => {
    expect(await discovered(closed)).toBeUndefined();
    const answer = await post(closed, METADATA, await newToken(closed));
    expect([answer.status, answer.body.error]).toEqual([403, 'access_denied']);
    expect(await discovered(byToken)).toBe(`${keyward.baseUrl}/t/${byToken}/oauth2/register`);
    expect((await keyward.send(`/t/${byToken}/register`, { json: METADATA, bearer: await newToken() })).status).toBe(
      201,
    );
    expect((await post(unique('nobody'), METADATA)).status).toBe(404);
  });

  it('DR-01 what is closed again is closed to clients that are there, and they stay', async () => {
    const org = await organizationThatIs('token');
    const client = await registered({ grant_types: ['client_credentials'] }, org);
    await manage('PATCH', `/${org}`, { clientRegistration: 'closed' });
    await eventually(async () => (await discovered(org)) === undefined);
    await eventually(async () => (await at(client)).status === 403);
    const form = { grant_type: 'client_credentials' };
    expect((await keyward.send('/token', { form, basic: basicOf(client) })).status).toBe(200);
  });

  it('DR-07 wants an initial access token, of this organization', async () => {
    expectChallenge(await post(byToken, METADATA));
    for (const bearer of ['x', await newToken(open)])
      expectChallenge(await post(byToken, METADATA, bearer), 'invalid_token');
    const basic = await keyward.send(`/t/${byToken}/oauth2/register`, { json: METADATA, basic: ['a', 'b'] });
    expectChallenge(basic, 'invalid_token');
  });

  it('DR-02 X-03 answers 201 with all that is registered, kept by nobody, the secret this once', async () => {
    const answer = await post(byToken, { ...METADATA, unknown: 1 }, await newToken());
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
    const { client_id } = answer.body;
    expect(answer.body).toEqual({
      ...METADATA,
      client_id: expect.stringMatching(/^\w{28}$/),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.any(String),
      registration_client_uri: `${keyward.baseUrl}/t/${byToken}/oauth2/register/${client_id}`,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      application_type: 'web',
      id_token_signed_response_alg: 'RS256',
      subject_type: 'public',
    });
    expect((await at(answer.body as Registered)).body).not.toHaveProperty('client_secret');
  });

  it.each([
    ['DR-03', { redirect_uris: ['http://app.example/'] }, 'invalid_redirect_uri'],
    ['DR-03', { redirect_uris: ['https://app.example/#x'] }, 'invalid_redirect_uri'],
    ['DR-03', { ...METADATA, id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
    ['DR-03', { ...METADATA, software_statement: 'a.b.c' }, 'unapproved_software_statement'],
    ['DR-03', { ...METADATA, software_statement: 'x' }, 'invalid_software_statement'],
    ['DR-03', [METADATA], 'invalid_client_metadata'],
    ['DR-03', { ...METADATA, client_name: 'a\0b' }, 'invalid_client_metadata'],
    ['DR-03', { ...METADATA, 'x\0': 1 }, 'invalid_client_metadata'],
    ['DR-04', { ...METADATA, response_types: ['token'] }, 'invalid_client_metadata'],
    ['DR-05', { ...METADATA, grant_types: ['password'] }, 'invalid_client_metadata'],
    ['DR-05', { ...METADATA, scope: 'keyward:manage' }, 'invalid_client_metadata'],
  ])('%s refuses %j as %s', async (_, metadata, error) => {
    const { status, body, headers } = await post(byToken, metadata, await newToken());
    expect([status, body.error, headers['cache-control']]).toEqual([400, error, 'no-store']);
  });

  it('DR-03 X-10 a key whose members are no texts is refused, whoever asks', async () => {
    const { jwk } = await pairOf();
    const json = (kid: unknown) => ({
      ...{ ...METADATA, token_endpoint_auth_method: 'private_key_jwt' },
      jwks: { keys: [{ ...jwk, kid }] },
    });
    for (const kid of ['a\0', { a: 1 }, 7, null, 'x'.repeat(600), ['kid']]) {
      const { status, body } = await post(open, json(kid));
      expect([kid, status, body.error]).toEqual([kid, 400, 'invalid_client_metadata']);
    }
    const half = JSON.stringify(json('<kid>')).replace('<kid>', 'a\\ud800');
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await keyward.send(`/t/${open}/register`, { method: 'POST', body: half, headers });
    expect([status, body.error]).toEqual([400, 'invalid_client_metadata']);
    expect((await post(open, json('good'))).status).toBe(201);
  });

  it('DR-03 takes JSON alone, and not much of it', async () => {
    const [path, bearer] = [`/t/${byToken}/oauth2/register`, await newToken()];
    expect((await keyward.send(path, { form: { client_name: 'x' }, bearer })).status).toBe(400);
    const broken = { body: '{', bearer, headers: { 'content-type': 'application/json' } };
    expect((await keyward.send(path, broken)).status).toBe(400);
    expect((await keyward.send(path, { method: 'POST', bearer })).body.error).toBe('invalid_client_metadata');
    expect((await post(byToken, { client_name: 'x'.repeat(70_000) }, bearer)).status).toBe(413);
    const { status, headers } = await keyward.send(path);
    expect([status, headers['allow']]).toEqual([405, 'POST']);
  });
});

describe('a client that has registered itself', () => {
  it('DR-06 reads, replaces and ends itself; its tokens end with it', async () => {
    const client = await registered({ grant_types: ['client_credentials'], client_name: 'Robot' });
    expect((await at(client)).body).toMatchObject({ client_id: client.client_id, client_name: 'Robot' });
    const token = async () =>
      keyward.send('/token', { form: { grant_type: 'client_credentials' }, basic: basicOf(client) });
    const { access_token: access } = (await token()).body;
    const json = { client_id: client.client_id, grant_types: ['client_credentials'], client_name: 'Other' };
    const put = await at(client, { method: 'PUT', json });
    expect([put.status, put.body.client_name]).toEqual([200, 'Other']);
    expectChallenge(await at(client), 'invalid_token');
    const now = put.body as Registered;
    // Some clients name a type for the body that they do not send.
    const headers = { 'content-type': 'application/json' };
    expect((await at(now, { method: 'DELETE', headers })).status).toBe(204);
    expectChallenge(await at(now), 'invalid_token');
    expect((await token()).body.error).toBe('invalid_client');
    const other = await registered({ grant_types: ['client_credentials'] });
    const introspected = await keyward.send('/introspect', { form: { token: access }, basic: basicOf(other) });
    expect(introspected.body).toEqual({ active: false });
  });

  it('DR-06 nobody reads another, or without a token', async () => {
    const [client, other] = [await registered(), await registered()];
    expectChallenge(await at(client, { bearer: undefined }));
    expectChallenge(await at(client, { bearer: other.registration_access_token }), 'invalid_token');
    expectChallenge(await at(client, { bearer: await newToken() }), 'invalid_token');
    const json = { ...METADATA, client_id: client.client_id };
    for (const method of ['PUT', 'DELETE'] as const)
      expectChallenge(await at(client, { method, json, bearer: other.registration_access_token }), 'invalid_token');
    expect((await at(client)).status).toBe(200);
  });

  it('DR-02 DR-05 signs users in, with no scope of the platform itself', async () => {
    const client = await registered(METADATA, open);
    const key = { consumerKey: client.client_id };
    const scope = 'openid profile keyward:manage keyward:admin orders:read';
    const form = await codeFor(open, key, user, { scope });
    const { status, body } = await keyward.send('/token', { form, basic: basicOf(client) });
    expect([status, body.scope]).toEqual([200, 'openid profile']);
    expect(body.id_token).toEqual(expect.any(String));
  });

  it('DR-09 proves itself by keys of its own, registered as they are', async () => {
    const pair = await pairOf();
    const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [pair.jwk] } };
    const client = await registered({ ...keys, grant_types: ['client_credentials'] });
    expect(client).not.toHaveProperty('client_secret');
    const issuer = `${keyward.baseUrl}/t/${byToken}`;
    const form = { grant_type: 'client_credentials', ...(await assertionOf(client.client_id, issuer, pair)) };
    expect((await keyward.send('/token', { form })).status).toBe(200);
  });

  it('DR-09 a jwks_uri inside is never fetched', async () => {
    for (const jwks_uri of ['http://app.example/jwks', 'file:///etc/passwd', 'https://a:b@app.example/jwks']) {
      const metadata = { ...METADATA, token_endpoint_auth_method: 'private_key_jwt', jwks_uri };
      const { status, body } = await post(byToken, metadata, await newToken());
      expect([status, body.error]).toEqual([400, 'invalid_client_metadata']);
    }
    const pair = await pairOf();
    const inside = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://169.254.169.254/jwks' };
    const client = await registered({ ...inside, grant_types: ['client_credentials'] });
    const issuer = `${keyward.baseUrl}/t/${byToken}`;
    const form = { grant_type: 'client_credentials', ...(await assertionOf(client.client_id, issuer, pair)) };
    expect((await keyward.send('/token', { form })).body.error).toBe('invalid_client');
  });

  it('DR-10 names a sector only that lists where its users are sent back to', async () => {
    const server = await foreignServer();
    try {
      server.answers['/sector'] = { body: JSON.stringify([REDIRECT_URI, 'https://b.example/']) };
      const sector = { subject_type: 'pairwise', sector_identifier_uri: `${server.url}/sector` };
      expect((await post(byToken, { ...METADATA, ...sector }, 'kiat_unknown')).status).toBe(401);
      expect(server.asked).toEqual([]);
      const client = await registered({ ...METADATA, ...sector });
      expect(client).toMatchObject(sector);
      const elsewhere = { ...METADATA, ...sector, redirect_uris: [REDIRECT_URI, 'https://c.example/'] };
      const { status, body } = await post(byToken, elsewhere, await newToken());
      expect([status, body.error]).toEqual([400, 'invalid_client_metadata']);
      const put = await at(client, { method: 'PUT', json: { ...elsewhere, client_id: client.client_id } });
      expect([put.status, put.body.error]).toEqual([400, 'invalid_client_metadata']);
    } finally {
      server.close();
    }
  });

  it('X-09 is managed by the scripts of its own pages alone', async () => {
    const page = `https://${unique('page')}.example`;
    const metadata = { redirect_uris: [`${page}/callback`], token_endpoint_auth_method: 'none' };
    const client = await registered(metadata);
    const other = await registered({ ...metadata, redirect_uris: ['https://other.example/'] });
    const allowed = async (asked: Promise<Answer>) => (await asked).headers['access-control-allow-origin'];
    const headers = { origin: page };
    expect(await allowed(at(client, { headers }))).toBe(page);
    expect(await allowed(at(other, { headers }))).toBeUndefined();
    const preflight = { method: 'OPTIONS', headers: { ...headers, 'access-control-request-method': 'PUT' } } as const;
    const { status, headers: told } = await at(client, preflight);
    expect([status, told['access-control-allow-origin']]).toEqual([204, page]);
    expect(told['access-control-allow-methods']).toBe('GET, PUT, DELETE');
    expect(await allowed(post(byToken, METADATA, await newToken(), headers))).toBe(page);
    const unknown = { origin: `https://${unique('unknown')}.example` };
    expect(await allowed(post(byToken, METADATA, await newToken(), unknown))).toBeUndefined();
  });
});

describe('a client that anyone could register', () => {
  const requestOf = ({ client_id }: Registered, params: Record<string, string | undefined> = {}) =>
    authorizationUrl(open, { client_id, code_challenge: pkce().challenge, ...params });

  it('DR-01 is quarantined: its users are told that nobody knows it, until an administrator does', async () => {
    const client = await registered(METADATA, open);
    const visitor = new Visitor();
    const { username, password } = user;
    const first = await visitor.submit(await visitor.get(requestOf(client)), { username, password });
    const consent = first.headers['location'] ? await visitor.get(first.headers['location']) : first;
    const warning = 'knows who is behind';
    expect(consent.text).toContain(warning);
    const path = `/${open}/registered-clients/${client.client_id}`;
    expect(await manage('GET', path)).toMatchObject({ trusted: false, by: 'open' });
    await manage('PATCH', `/${open}/keys/${client.client_id}`, { trusted: true });
    const approved = await visitor.get(requestOf(client));
    expect(approved.text).toContain('value="allow"');
    expect(approved.text).not.toContain(warning);
  });
});

it('DR-01 administrators make initial access tokens, see who came with them, and end clients, by the command line', async () => {
  const made = await keyward.cliJson('initial-access-tokens', 'create', '--org', byToken, '--description', 'shop team');
  expect(made).toMatchObject({ token: { description: 'shop team', uses: 0, maxUses: 1 } });
  const { body } = await post(byToken, METADATA, made.initialAccessToken as string);
  const client = body as Registered;
  const shown = await keyward.cliJson('registered-clients', 'show', client.client_id, '--org', byToken);
  expect(shown).toMatchObject({ by: 'token', tokenId: made.token.id, about: { client_name: 'Shop' } });
  expect((await keyward.cli(['registered-clients', 'delete', client.client_id, '--org', byToken])).code).toBe(0);
  expectChallenge(await at(client), 'invalid_token');
});
