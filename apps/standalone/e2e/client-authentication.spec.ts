import { deployment, type Answer } from '@keyward/testing';
import { appearanceOf, expectError } from './support/answers';
import { eventually, makeKey, makeOrganization, makeUser, manage, unique, type TestKey } from './support/operator';

const keyward = deployment();
const form = { grant_type: 'client_credentials' };
const ENDPOINTS = ['/token', '/introspect', '/revoke'];

let org: string;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org);
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
/** `POST /token` with a header as it stands. */
const withHeader = (authorization: string, fields: Record<string, string> = form) =>
  keyward.send('/token', { form: fields, headers: { authorization } });
/** … with a Basic header of this pair, as it stands. */
const withPair = (pair: string) => withHeader(`Basic ${base64(pair)}`);
const withBody = (fields: Record<string, string>) => keyward.send('/token', { form: { ...form, ...fields } });
const inBody = () => ({ client_id: key.consumerKey, client_secret: key.consumerSecret });

describe('a secret', () => {
  it.each(['/token', '/oauth2/token'])(
    'CA-01 CA-03 is sent by Basic header or in the body, at %s alike',
    async (path) => {
      expect((await keyward.send(path, { form, basic: key.basic })).status).toBe(200);
      expect((await keyward.send(path, { form: { ...form, ...inBody() } })).status).toBe(200);
    },
  );

  it('CA-01 CA-03 is taken in both ways where tokens are introspected and revoked', async () => {
    const { access_token: token } = (await key.token(form)).body;
    for (const path of ['/introspect', '/revoke']) {
      expect((await keyward.send(path, { form: { token }, basic: key.basic })).status).toBe(200);
      expect((await keyward.send(path, { form: { token, ...inBody() } })).status).toBe(200);
    }
  });

  // Consumer keys and secrets have no character that must be encoded: generated ones are of [A-Za-z0-9_-], and others
  // are not imported. So every client's way to write them has to end in the same pair.
  const percent = (text: string) => text.replace(/[^A-Za-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const encodings: [string, (text: string) => string][] = [
    ['oauth4webapi and openid-client', (text) => encodeURIComponent(text).replace(/[-_.!~*'()]/g, percent)],
    ['simple-oauth2', encodeURIComponent],
    ['client-oauth2 and Python, raw', (text) => text],
    ['@badgateway', (text) => text.replaceAll(':', '%3A')],
    ['every character', (text) => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)],
    ['lower-case hexadecimal', percent],
  ];
  it.each(encodings)('CA-01 CA-02 is read as %s encodes it', async (_, encode) => {
    const consumerKey = `a-b_c.${unique('x')}~d`;
    const consumerSecret = 'p-w_q.R7~sT4uV9xY2zA5bC8dE1fG3hJ6';
    await makeKey(org, { consumerKey, consumerSecret });
    expect((await withPair(`${encode(consumerKey)}:${encode(consumerSecret)}`)).status).toBe(200);
  });

  it('CA-02 with a percent sign that encodes nothing is a wrong one, no failure', async () => {
    const own = await makeKey(org);
    for (const secret of ['100%', 'a%zz', '%', '%C3%28', 'p+w/=%:x y', '%00'])
      expectError(await withPair(`${own.consumerKey}:${secret}`), 'invalid_client');
  });

  it('CA-04 is sent once: two mechanisms are invalid_request', async () => {
    const header = `Basic ${base64(key.basic.join(':'))}`;
    const assertion = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
    const client_assertion = 'e30.e30.e30';
    expectError(await withHeader(header, { ...form, ...inBody() }), 'invalid_request');
    expectError(await withHeader(header, { ...form, ...assertion, client_assertion }), 'invalid_request');
    expectError(await withBody({ ...inBody(), ...assertion, client_assertion }), 'invalid_request');
    const other = await makeKey(org);
    expectError(await withHeader(header, { ...form, client_id: other.consumerKey }), 'invalid_request');
  });

  it('CA-04 may have its identifier repeated in the body', async () => {
    const header = `Basic ${base64(key.basic.join(':'))}`;
    expect((await withHeader(header, { ...form, client_id: key.consumerKey })).status).toBe(200);
  });
});

describe('a failure', () => {
  it('CA-05 of the header is 401 with a challenge', async () => {
    const own = await makeKey(org);
    expectError(await withPair(`${own.consumerKey}:wrong`), 'invalid_client');
  });

  it('CA-06 of the body, or without credentials, is the same', async () => {
    const own = await makeKey(org);
    const header = await withPair(`${own.consumerKey}:wrong`);
    for (const answer of [
      await withBody({ client_id: own.consumerKey, client_secret: 'wrong' }),
      await withBody({ client_secret: key.consumerSecret }),
      await withBody({}),
    ])
      expect(appearanceOf(answer)).toEqual(appearanceOf(header));
  });

  it('CA-07 TE-10 looks the same for every cause', async () => {
    const disabled = await makeKey(org);
    await manage('PATCH', `/${org}/keys/${disabled.consumerKey}`, { state: 'disabled' });
    const expired = await makeKey(org);
    await manage('POST', `/${org}/keys/${expired.consumerKey}/rotate-secret`, { overlap: 0 });
    const deleted = await makeKey(org);
    await manage('DELETE', `/${org}/keys/${deleted.consumerKey}`);
    const suspended = await makeOrganization();
    const its = await makeKey(suspended);
    expect((await its.token(form)).status).toBe(200);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });

    const unknown = appearanceOf(await withPair(`${unique('nobody')}:secret`));
    expect(unknown).toMatchObject({ status: 401 });
    const causes: Record<string, () => Promise<Answer>> = {
      'wrong secret': () => withPair(`${key.consumerKey}:wrong`),
      'another client’s secret': () => withPair(`${key.consumerKey}:${its.consumerSecret}`),
      'secret cut short': () => withPair(`${key.consumerKey}:${key.consumerSecret.slice(0, -1)}`),
      'disabled key': () => disabled.token(form),
      'expired secret': () => expired.token(form),
      'deleted key': () => deleted.token(form),
      'suspended organization': () => its.token(form),
      'suspended organization, wrong secret': () => withPair(`${its.consumerKey}:wrong`),
    };
    for (const [cause, send] of Object.entries(causes)) {
      await eventually(async () => (await send()).status !== 200);
      expect([cause, appearanceOf(await send())]).toEqual([cause, unknown]);
    }
    await manage('PATCH', `/${suspended}`, { state: 'active' });
    await eventually(async () => (await its.token(form)).status === 200);
  });

  it.each(ENDPOINTS)('CA-08 CA-07 is that of a confidential client without credentials at %s', async (path) => {
    const own = await makeKey(org);
    const { access_token, refresh_token } = (await own.signIn(await makeUser(org))).body;
    const wrong = await keyward.send(path, { form: { token: 'x', ...form }, basic: [own.consumerKey, 'wrong'] });
    expectError(wrong, 'invalid_client');
    const forms: Record<string, string>[] = [
      { ...form },
      { ...form, client_id: own.consumerKey },
      { client_id: own.consumerKey, grant_type: 'refresh_token', refresh_token },
      { client_id: own.consumerKey, token: access_token },
      { token: access_token },
    ];
    for (const fields of forms)
      expect(appearanceOf(await keyward.send(path, { form: fields }))).toEqual(appearanceOf(wrong));
    const refreshed = await own.token({ grant_type: 'refresh_token', refresh_token });
    expect(refreshed.status).toBe(200);
  });

  const malformed: [string, string][] = [
    ['not base64', 'Basic ***'],
    ['cut base64', 'Basic a'],
    ['no colon', `Basic ${base64('nobody')}`],
    ['no identifier', `Basic ${base64(':secret')}`],
    ['no secret', `Basic ${base64('nobody:')}`],
    ['nothing at all', 'Basic '],
    ['no scheme', base64('nobody:secret')],
    ['Bearer', 'Bearer abc'],
    ['Digest', 'Digest username="nobody", realm="keyward"'],
    ['NUL', `Basic ${base64('nobo\0dy:secret')}`],
    ['NUL, encoded', `Basic ${base64('nobody%00:secret%00')}`],
    ['bytes that are not UTF-8', `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xff]).toString('base64')}`],
    ['two pairs', `Basic ${base64('nobody:secret')}, Basic ${base64('nobody:secret')}`],
    ['8 KiB', `Basic ${base64('x'.repeat(6000) + ':' + 'x'.repeat(100))}`],
    ['12 KiB', `Basic ${base64('x'.repeat(6000) + ':' + 'x'.repeat(3000))}`],
  ];
  it.each(malformed)('CA-10 %s is no more than that', async (_, header) => {
    const answer = await withHeader(header);
    expect([400, 401]).toContain(answer.status);
    expectError(answer, answer.status === 401 ? 'invalid_client' : 'invalid_request');
  });

  it.each(ENDPOINTS)('CA-11 BF-20 too many are told to wait, counted at %s as everywhere', async (path) => {
    const own = await makeKey(org);
    const fail = () => keyward.send(path, { form: { ...form, token: 'x' }, basic: [own.consumerKey, 'wrong'] });
    for (let i = 0; i < 10; i++) expectError(await fail(), 'invalid_client');
    for (const endpoint of ENDPOINTS) {
      const answer = await keyward.send(endpoint, { form: { ...form, token: 'x' }, basic: own.basic });
      expectError(answer, 'temporarily_unavailable', 429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await key.token(form)).status).toBe(200);
  });
});

describe('a public client', () => {
  let client: TestKey;
  const asPublic = (fields: Record<string, string>) =>
    keyward.send('/token', { form: { client_id: client.consumerKey, ...fields } });

  beforeAll(async () => {
    client = await makeKey(org, { public: true });
  });

  it('CA-09 has no secret, and is known by its identifier in the body', async () => {
    expect(client.consumerSecret).toBe('');
    // Proven, so it learns what is wrong with its grant.
    expectError(await asPublic({ grant_type: 'refresh_token', refresh_token: 'x' }), 'invalid_grant');
    expectError(await withHeader('', { grant_type: 'refresh_token', refresh_token: 'x' }), 'invalid_client');
  });

  it('CA-09 that sends a secret is refused', async () => {
    const unknown = appearanceOf(await withPair(`${unique('nobody')}:secret`));
    const fields = { grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'secret' };
    expect(appearanceOf(await asPublic(fields))).toEqual(unknown);
    expect(appearanceOf(await withPair(`${client.consumerKey}:secret`))).toEqual(unknown);
  });

  it('CA-09 RO-02 gets neither a token of its own nor one for a password', async () => {
    expectError(await asPublic(form), 'unauthorized_client');
    const { loginName: username, password } = await makeUser(org);
    expectError(await asPublic({ grant_type: 'password', username, password }), 'unauthorized_client');
    expectError(await asPublic({ grant_type: 'password', username, password: 'wrong' }), 'unauthorized_client');
  });
});

describe('a new secret', () => {
  const rotate = (consumerKey: string, overlap?: number) =>
    manage('POST', `/${org}/keys/${consumerKey}/rotate-secret`, { overlap });

  it('CA-12 is valid beside those before, for as long as was said', async () => {
    const own = await makeKey(org);
    const works = async (secret: string) =>
      (await keyward.send('/token', { form, basic: [own.consumerKey, secret] })).status === 200;
    const second = (await rotate(own.consumerKey)).consumerSecret as string;
    expect(second).not.toBe(own.consumerSecret);
    await eventually(() => works(second));
    expect(await works(own.consumerSecret)).toBe(true);

    const third = (await rotate(own.consumerKey)).consumerSecret as string;
    await eventually(() => works(third));
    for (const before of [own.consumerSecret, second]) expect(await works(before)).toBe(true);

    const fourth = (await rotate(own.consumerKey, 0)).consumerSecret as string;
    await eventually(() => works(fourth));
    for (const before of [own.consumerSecret, second, third]) expect(await works(before)).toBe(false);
  });

  it('CA-12 ends the one before after the overlap', async () => {
    const own = await makeKey(org);
    await rotate(own.consumerKey, 2);
    expect((await own.token(form)).status).toBe(200);
    await eventually(async () => (await own.token(form)).status === 401);
  });

  it('CA-12 is seen with its dates, and never with its value', async () => {
    const own = await makeKey(org);
    const { consumerSecret } = await rotate(own.consumerKey, 3600);
    const shown = await manage('GET', `/${org}/keys/${own.consumerKey}`);
    const member = { id: expect.any(String), createdAt: expect.any(String), lastUsedAt: null };
    expect(shown.secrets).toHaveLength(2);
    expect(shown.secrets).toEqual(
      expect.arrayContaining([
        { ...member, expiresAt: null },
        { ...member, expiresAt: expect.any(String) },
      ]),
    );
    for (const secret of [consumerSecret, own.consumerSecret]) expect(JSON.stringify(shown)).not.toContain(secret);
  });
});
