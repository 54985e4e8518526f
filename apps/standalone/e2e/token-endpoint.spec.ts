import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { appearanceOf, expectError } from './support/answers';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let org: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
});

const clientCredentials = { grant_type: 'client_credentials' };
const authorization = () => `Basic ${Buffer.from(key.basic.join(':')).toString('base64')}`;
/** A form as it stands, by the key's client. */
const post = (body: string, headers: Record<string, string> = FORM, path = '/token') =>
  keyward.send(path, { method: 'POST', body, headers: { authorization: authorization(), ...headers } });

describe('what is answered', () => {
  it('X-03 TE-06 TE-11 a token is JSON that nobody stores, and brings no cookie', async () => {
    for (const { status, headers, body } of [await key.signIn(user), await key.token(clientCredentials)]) {
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': expect.stringMatching(/^application\/json/),
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('etag');
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(body).toMatchObject({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        scope: expect.any(String),
      });
    }
  });

  it('X-03 introspection and new secrets are not stored either', async () => {
    const { body } = await key.token(clientCredentials);
    const introspected = await keyward.send('/introspect', { form: { token: body.access_token }, basic: key.basic });
    expect(introspected.body.active).toBe(true);
    expect(introspected.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    const { admin } = keyward.demo;
    const form = {
      grant_type: 'password',
      username: admin.username,
      password: admin.password,
      scope: 'keyward:manage',
    };
    const token = await keyward.send('/token', { form, basic: [admin.consumerKey, admin.consumerSecret] });
    const rotated = await keyward.send(`/api/v1/organizations/${org}/keys/${key.consumerKey}/rotate-secret`, {
      bearer: token.body.access_token,
      json: {},
    });
    expect(rotated.body.consumerSecret).toEqual(expect.any(String));
    expect(rotated.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
  });

  const hostile = ['"', '\\', '\r\n\t', 'é😀\u202e', '<script>alert("1")</script>', '%00%0a', `'; --`];
  it.each(hostile)('X-07 whatever comes in, the error is made of what RFC 6749 §5.2 allows: %j', async (text) => {
    expectError(await key.token({ grant_type: text }), 'unsupported_grant_type');
    expectError(await key.token({ ...clientCredentials, scope: `a${text} ` }), 'invalid_scope');
    expectError(await key.token({ grant_type: 'password', username: text, password: text }), 'invalid_grant');
    expectError(await key.token({ grant_type: 'refresh_token', refresh_token: text }), 'invalid_grant');
    expectError(await keyward.send('/token', { form: { client_id: text, client_secret: text } }), 'invalid_client');
    expectError(
      await post('grant_type=password', FORM, `/token?username=${encodeURIComponent(text)}`),
      'invalid_request',
    );
  });

  it('X-10 every answer has a correlation id, that of the trace it belongs to', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    const traced = await keyward.send('/token', { form: {}, headers });
    expect(traced.headers['x-correlation-id']).toBe(trace);
    const others = await Promise.all([key.token(clientCredentials), key.token({}), keyward.send('/nothing-here')]);
    const ids = others.map((answer) => answer.headers['x-correlation-id']);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(others.length);
  });

  it('X-12 what is issued has 256 random bits: in length, in Shannon entropy, and no two are alike', async () => {
    const opaque = await makeKey(org, { tokenType: 'opaque' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => opaque.signIn(user)));
    const keys = await Promise.all(Array.from({ length: 4 }, () => makeKey(org)));
    const issued = {
      access: answers.map(({ body }) => body.access_token as string),
      refresh: answers.map(({ body }) => body.refresh_token as string),
      secret: keys.map(({ consumerSecret }) => consumerSecret),
    };
    for (const values of Object.values(issued)) {
      expect(new Set(values).size).toBe(values.length);
      for (const value of values) {
        // 43 characters of base64url are 258 bits.
        expect(value).toMatch(/^[A-Za-z0-9_-]{43,}$/);
        expect(shannonBits(value)).toBeGreaterThan(96);
      }
      // No part of the secret is the same in two of them: here, its last 16 characters before the checksum.
      expect(new Set(values.map((value) => value.slice(-24, -8))).size).toBe(values.length);
    }
    for (const { consumerKey } of keys) expect(consumerKey).toMatch(/^[A-Za-z0-9_]{28}$/);
  });

  /** The entropy of a string by the frequencies of its characters, as the OpenID conformance suite measures it. */
  function shannonBits(text: string): number {
    const counts = new Map<string, number>();
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    return -[...counts.values()].reduce((sum, n) => sum + n * Math.log2(n / text.length), 0);
  }
});

describe('requests', () => {
  it.each(['grant_type=client_credentials', 'scope=default', 'client_id=x', 'unknown=1'])(
    'X-04 %s twice is invalid_request, the same or not',
    async (pair) => {
      const rest = pair.startsWith('grant_type') ? '' : '&grant_type=client_credentials';
      expectError(await post(`${pair}&${pair}${rest}`), 'invalid_request');
      expectError(await post(`${pair}&${pair}2${rest}`), 'invalid_request');
    },
  );

  it('X-05 a parameter without a value is as if it were left out', async () => {
    const { status, body } = await post('grant_type=client_credentials&scope=&client_secret=&client_id=&username');
    expect([status, body.scope]).toEqual([200, 'default']);
    expectError(await key.token({ grant_type: '' }), 'invalid_request');
    expectError(await key.token({ grant_type: 'password', username: user.loginName, password: '' }), 'invalid_request');
  });

  it('X-06 unknown parameters are ignored', async () => {
    const odd = { __proto__x: '1', constructor: '2', 'a[b]': '3', validity_period: '-1' };
    const { status, body } = await key.token({ ...clientCredentials, ...odd });
    expect([status, body.expires_in]).toEqual([200, 3600]);
    expect((await post('grant_type=client_credentials&__proto__=1', FORM, '/token?utm_source=x')).status).toBe(200);
  });

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const)('TE-01 %s is 405', async (method) => {
    for (const path of ['/token', '/oauth2/token', `/t/${org}/oauth2/token`]) {
      const query = '?grant_type=client_credentials';
      const answer = await keyward.send(`${path}${query}`, { method, basic: key.basic });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
      expect(answer.text).not.toContain('access_token');
    }
  });

  const notForms: [string, string][] = [
    ['application/json', '{"grant_type":"client_credentials"}'],
    ['text/plain', 'grant_type=client_credentials'],
    ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nx\r\n--b--'],
    ['application/x-www-form-urlencodedx', 'grant_type=client_credentials'],
    ['', 'grant_type=client_credentials'],
  ];
  it.each(notForms)('TE-02 content type "%s" is invalid_request', async (type, body) => {
    expectError(await post(body, type ? { 'content-type': type } : {}), 'invalid_request');
  });

  it('TE-02 a form may name its charset', async () => {
    for (const type of ['application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-URLEncoded'])
      expect((await post('grant_type=client_credentials', { 'content-type': type })).status).toBe(200);
  });

  it('TE-03 credentials and grant parameters in the URL are refused, not used', async () => {
    const query = new URLSearchParams({ client_id: key.consumerKey, client_secret: key.consumerSecret });
    const form = 'grant_type=client_credentials';
    const answers = [
      await keyward.send(`/token?${query.toString()}`, { body: form, headers: FORM, method: 'POST' }),
      await post('', FORM, `/token?${form}`),
      await post(form, FORM, `/token?${form}`),
      await post('grant_type=password', FORM, `/token?username=${user.loginName}&password=${user.password}`),
      await post(form, FORM, '/token?scope=default'),
    ];
    for (const answer of answers) expectError(answer, 'invalid_request');
  });

  it('TE-04 TE-05 one mistake after the other, in this order', async () => {
    const narrow = await makeKey(org, { grantTypes: ['client_credentials'] });
    const wrong: [string, string] = [narrow.consumerKey, 'wrong'];
    const send = (form: [string, string][], basic: [string, string]) => keyward.send('/token', { form, basic });
    // Each has every later mistake as well.
    expectError(await post('grant_type=x&grant_type=y', { 'content-type': 'text/plain' }), 'invalid_request');
    expectError(
      await send(
        [
          ['a', '1'],
          ['a', '2'],
          ['grant_type', 'x'],
        ],
        wrong,
      ),
      'invalid_request',
    );
    expectError(await send([], wrong), 'invalid_client');
    expectError(await send([['grant_type', 'x']], wrong), 'invalid_client');
    expectError(await send([['grant_type', 'password']], wrong), 'invalid_client');
    expectError(await narrow.token({ scope: ' ' }), 'invalid_request');
    expectError(await narrow.token({ grant_type: 'x', scope: ' ' }), 'unsupported_grant_type');
    expectError(await narrow.token({ grant_type: 'password', scope: ' ' }), 'unauthorized_client');
    expectError(await key.token({ grant_type: 'password', scope: '"' }), 'invalid_scope');
    expectError(await key.token({ grant_type: 'password', username: 'nobody' }), 'invalid_request');
  });

  it.each(['Password', 'password ', 'pass', 'implicit', 'urn:ietf:params:oauth:grant-type:saml2-bearer'])(
    'TE-05 grant type "%s" is unknown',
    async (type) => expectError(await key.token({ grant_type: type }), 'unsupported_grant_type'),
  );
});

describe('scopes', () => {
  it.each(['a"b', 'a\\b', 'a  b', ' a', 'a ', 'a\tb', 'é', 'a\u0001'])('TE-08 scope %j is malformed', async (scope) => {
    expectError(await key.token({ ...clientCredentials, scope }), 'invalid_scope');
  });

  it('TE-08 what is unknown is dropped, and the answer tells what was granted', async () => {
    const granted = async (scope: string) => (await key.token({ ...clientCredentials, scope })).body.scope as string;
    expect(await granted('read:everything')).toBe('default');
    expect(await granted('read:everything default write')).toBe('default');
    expect(await granted('keyward:manage')).toBe('default');
  });

  it('TE-08 an application in strict mode gets invalid_scope instead', async () => {
    const strict = await makeKey(org, { strictScopes: true });
    expectError(await strict.token({ ...clientCredentials, scope: 'default read:everything' }), 'invalid_scope');
    expect((await strict.token({ ...clientCredentials, scope: 'default' })).body.scope).toBe('default');
    expect((await strict.token(clientCredentials)).body.scope).toBe('default');
  });
});

describe('what is issued', () => {
  it('TE-09 is bound by the server: no parameter changes whom or what it is for', async () => {
    const wishes = {
      sub: 'admin',
      iss: 'https://evil.example',
      aud: 'all',
      org: 'root',
      exp: '9999999999',
      amr: 'hwk',
    };
    const claims = (answer: Answer) => decodeJwt(answer.body.access_token as string);
    const plain = claims(await key.signIn(user));
    const wished = claims(await key.signIn(user, { ...wishes, expires_in: '1', roles: 'operator', token_type: 'mac' }));
    expect(plain).toMatchObject({ sub: user.id, org, client_id: key.consumerKey, scope: 'default' });
    for (const name of ['iss', 'sub', 'aud', 'org', 'client_id', 'scope', 'amr'])
      expect(wished[name]).toEqual(plain[name]);
    expect(Number(wished.exp) - Number(wished.iat)).toBe(3600);
    expect(Object.keys(wished).sort()).toEqual(Object.keys(plain).sort());
  });

  it('TE-10 another organization’s client does not exist at an organization’s endpoint', async () => {
    const other = await makeOrganization();
    const send = (path: string, basic: [string, string]) => keyward.send(path, { form: clientCredentials, basic });
    for (const endpoint of [`/t/${other}/oauth2/token`, `/t/${other}/token`]) {
      const foreign = await send(endpoint, key.basic);
      expectError(foreign, 'invalid_client');
      expect(appearanceOf(foreign)).toEqual(appearanceOf(await send(endpoint, ['nobodys-consumer-key', 'secret'])));
    }
    expect((await send(`/t/${org}/oauth2/token`, key.basic)).status).toBe(200);
  });

  it('TE-10 an unknown organization’s and a suspended one’s endpoint are not there', async () => {
    const suspended = await makeOrganization();
    const its = await makeKey(suspended);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    const send = (key: string) => keyward.send(`/t/${key}/oauth2/token`, { form: clientCredentials, basic: its.basic });
    await eventually(async () => (await send(suspended)).status === 404);
    expect(appearanceOf(await send(suspended))).toEqual(appearanceOf(await send('no-such-organization')));
  });

  it.each(['jwt', 'opaque'] as const)('TE-12 neither token is taken for the other (%s)', async (tokenType) => {
    const client = await makeKey(org, { tokenType });
    const { access_token, refresh_token } = (await client.signIn(user)).body;
    expectError(await client.token({ grant_type: 'refresh_token', refresh_token: access_token }), 'invalid_grant');
    const answer = await keyward.send('/api/v1/organizations', { bearer: refresh_token });
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await client.token({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
  });
});
