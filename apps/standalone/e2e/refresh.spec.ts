import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expectError } from './support/answers';
import { eventually, makeKey, makeOrganization, makeUser, type TestKey, type TestUser } from './support/operator';
import { introspect, isActive } from './support/tokens';

const keyward = deployment();

let org: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
});

const refresh = (token: string, client = key, extra: Record<string, string> = {}): Promise<Answer> =>
  client.token({ grant_type: 'refresh_token', refresh_token: token, ...extra });

/** The first tokens of a family. */
async function family(client = key, of = user) {
  const { status, body } = await client.signIn(of);
  expect(status).toBe(200);
  return body as { access_token: string; refresh_token: string };
}

/** The refresh token that follows. */
async function next(token: string, client = key): Promise<string> {
  const { status, body } = await refresh(token, client);
  expect(status).toBe(200);
  return body.refresh_token as string;
}

describe('a refresh token', () => {
  it('RT-01 gets a new access token and its own successor', async () => {
    const first = await family();
    const answer = await refresh(first.refresh_token);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
      body: { token_type: 'Bearer', expires_in: 3600, scope: 'default' },
    });
    expect(answer.body.access_token).not.toBe(first.access_token);
    expect(answer.body.refresh_token).not.toBe(first.refresh_token);
    const { sub, auth_time, amr } = decodeJwt(first.access_token);
    expect(decodeJwt(answer.body.access_token)).toMatchObject({ sub, auth_time, amr, client_id: key.consumerKey });
  });

  it('RT-01 works at every token endpoint of its organization', async () => {
    let token = (await family()).refresh_token;
    for (const path of ['/token', '/oauth2/token', `/t/${org}/token`, `/t/${org}/oauth2/token`]) {
      const form = { grant_type: 'refresh_token', refresh_token: token };
      const { status, body } = await keyward.send(path, { form, basic: key.basic });
      expect(status).toBe(200);
      token = body.refresh_token as string;
    }
  });

  it('RT-02 MT-02 of another client or organization is refused, and stays valid for its owner', async () => {
    const { refresh_token: token } = await family();
    const sister = await makeKey(org);
    const stranger = await makeKey(await makeOrganization());
    for (const client of [sister, stranger]) expectError(await refresh(token, client), 'invalid_grant');
    expect((await refresh(token)).status).toBe(200);
  });

  it('RT-03 keeps its scope: omitted it is the original, more is refused without a trace', async () => {
    const { refresh_token: token } = await family();
    for (const scope of ['default more', 'keyward:manage', 'DEFAULT'])
      expectError(await refresh(token, key, { scope }), 'invalid_scope');
    const narrowed = await refresh(token, key, { scope: 'default' });
    expect(narrowed.body.scope).toBe('default');
    expect((await refresh(narrowed.body.refresh_token)).body.scope).toBe('default');
  });

  it('RT-03 abuse 21: the operator narrows one access token, and the next has the whole scope again', async () => {
    const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
    const post = async (form: Record<string, string>) =>
      (await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] })).body;
    const wide = await post({ grant_type: 'password', username, password, scope: 'keyward:manage default' });
    expect(wide.scope).toBe('keyward:manage default');
    const again = { grant_type: 'refresh_token' };
    const narrow = await post({ ...again, refresh_token: wide.refresh_token, scope: 'default' });
    expect(narrow.scope).toBe('default');
    const whole = await post({ ...again, refresh_token: narrow.refresh_token });
    expect(whole.scope).toBe('keyward:manage default');
    const organizations = (bearer: string) => keyward.send('/api/v1/organizations', { bearer });
    expect((await organizations(narrow.access_token)).status).toBe(403);
    expect((await organizations(whole.access_token)).status).toBe(200);
  });

  it('RT-09 lives as long as the consumer key says', async () => {
    const hour = await makeKey(org, { refreshTokenLifetime: 3600 });
    for (const [client, seconds] of [
      [key, 86_400],
      [hour, 3600],
    ] as const) {
      const { body } = await introspect((await family(client)).refresh_token, client);
      expect(body.exp - body.iat).toBe(seconds);
    }
  });

  it('RT-11 is not given to a client for itself, nor to one that may not refresh', async () => {
    expect((await key.token({ grant_type: 'client_credentials' })).body).not.toHaveProperty('refresh_token');
    const client = await makeKey(org, { grantTypes: ['password'] });
    expect((await client.signIn(user)).body).not.toHaveProperty('refresh_token');
    expectError(await refresh('x', client), 'unauthorized_client');
  });

  it('RT-14 stays the same where rotation is off', async () => {
    const keeps = await makeKey(org, { rotateRefreshTokens: false });
    const first = await family(keeps);
    const answers = [await refresh(first.refresh_token, keeps), await refresh(first.refresh_token, keeps)];
    for (const { status, body } of answers) {
      expect([status, body.refresh_token]).toEqual([200, first.refresh_token]);
      expect(await isActive(body.access_token, keeps)).toBe(true);
    }
  });
});

describe('a refresh token that was used', () => {
  it('RT-05 gets the same successor again, with another access token', async () => {
    const { refresh_token: token } = await family();
    const [first, retry] = [await refresh(token), await refresh(token)];
    expect(retry.status).toBe(200);
    expect(retry.body.refresh_token).toBe(first.body.refresh_token);
    expect(retry.body.access_token).not.toBe(first.body.access_token);
    expect((await refresh(first.body.refresh_token)).status).toBe(200);
  });

  it('RT-05 is no token of another client within its grace either', async () => {
    const { refresh_token: token } = await family();
    const successor = await next(token);
    expectError(await refresh(token, await makeKey(org)), 'invalid_grant');
    expect((await refresh(successor)).status).toBe(200);
  });

  it('RT-04 RT-06 after its successor was used ends the family, inside the grace too', async () => {
    const first = await family();
    const second = await refresh(first.refresh_token);
    const third = await refresh(second.body.refresh_token);
    expectError(await refresh(first.refresh_token), 'invalid_grant');
    expectError(await refresh(third.body.refresh_token), 'invalid_grant');
    for (const token of [first.access_token, second.body.access_token, third.body.access_token])
      expect(await isActive(token, key)).toBe(false);
  });

  it('RT-04 RT-06 generations later as well, and its own family alone', async () => {
    const { refresh_token: first } = await family();
    const other = await family();
    let newest = first;
    for (let generation = 0; generation < 4; generation++) newest = await next(newest);
    expectError(await refresh(first), 'invalid_grant');
    expectError(await refresh(newest), 'invalid_grant');
    expect((await refresh(other.refresh_token)).status).toBe(200);
    expect(await isActive(other.access_token, key)).toBe(true);
  });

  it('RT-07 abuse 13: fifty uses at once get one successor, and the family has one living leaf', async () => {
    const { refresh_token: token } = await family();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(token)));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    const [successor = '', ...others] = new Set(answers.map(({ body }) => body.refresh_token as string));
    expect(others).toEqual([]);
    const leaf = await next(successor);
    expect(await isActive(leaf, key)).toBe(true);
    for (const used of [token, successor]) expect(await isActive(used, key)).toBe(false);
  });

  it('RT-08 gets its successor when the answer did not arrive', async () => {
    const { refresh_token: token } = await family();
    const { hostname, port } = new URL(keyward.baseUrl);
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }).toString();
    const socket = connect({ host: hostname, port: Number(port || 443), servername: hostname, ca: keyward.ca });
    await once(socket, 'secureConnect');
    socket.write(
      `POST /token HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Authorization: Basic ${Buffer.from(key.basic.join(':')).toString('base64')}\r\n` +
        `Content-Length: ${form.length}\r\n\r\n${form}`,
      () => socket.destroy(),
    );
    await eventually(async () => !(await isActive(token, key))); // It has been rotated, and nobody knows the successor.
    expect((await refresh(await next(token))).status).toBe(200);
  });
});
