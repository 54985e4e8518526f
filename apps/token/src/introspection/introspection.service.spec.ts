import { createHmac } from 'node:crypto';
import { CLI_CONSUMER_KEY, MANAGEMENT_SCOPE } from '@keyward/contracts';
import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { TOKEN_SCHEMA } from '../data-source';
import { johns, marys, root } from '../neighbours.fixture';
import { as, ISSUER, refresh, refusalOf, startScene, type Scene } from '../service.fixture';

const clock = new TestClock(Math.floor(Date.now() / 1000) * 1000);
let database: TestDatabase;
let nats: Nats;
let scene: Scene;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), clock);
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const seenBy = (clientId: string, token: string, more = {}) => scene.introspect({ ...as(clientId), token, ...more });
const INACTIVE = { active: false };
const base64url = (text: string | Buffer) => Buffer.from(text).toString('base64url');
const accessTokenOf = async (clientId: string) => (await scene.signIn(clientId)).body.access_token;

describe('IN-03 active tokens', () => {
  it.each(['johns', 'johns-opaque'])(
    'IN-03 IN-08 says the same of both kinds of access token (%s)',
    async (clientId) => {
      const now = Math.floor(clock.now() / 1000);
      const { jti, ...said } = await seenBy('johns-other', await accessTokenOf(clientId));
      expect(said).toEqual({
        ...{ active: true, token_type: 'Bearer', scope: 'default', client_id: clientId, username: 'john' },
        ...{ iss: ISSUER, aud: `${ISSUER}/api`, sub: scene.neighbours.people[0]!.sub, org: 'johnsorg' },
        ...{ iat: now, exp: now + 3600, auth_time: now, amr: ['pwd'], acr: 'urn:keyward:acr:password' },
      });
      expect(jti).toEqual(expect.any(String));
    },
  );

  it.each(['johns', 'johns-opaque'])('IN-03 of a client itself no user is told (%s)', async (clientId) => {
    const { body } = await scene.issue({ ...as(clientId), grant_type: 'client_credentials' });
    const said = await seenBy('johns', body.access_token);
    expect(said).toMatchObject({ active: true, sub: clientId, client_id: clientId });
    expect(said).not.toHaveProperty('username');
  });

  it('IN-07 a refresh token is seen by its own client alone', async () => {
    const { body } = await scene.signIn('johns');
    const now = Math.floor(clock.now() / 1000);
    expect(await seenBy('johns', body.refresh_token!)).toEqual({
      ...{ active: true, token_type: 'refresh_token', scope: 'default', client_id: 'johns', username: 'john' },
      ...{ iss: ISSUER, sub: scene.neighbours.people[0]!.sub, org: 'johnsorg', iat: now, exp: now + 86_400 },
    });
    expect(await seenBy('johns-other', body.refresh_token!)).toEqual(INACTIVE);
  });

  it('IN-07 a public client sees its own tokens alone', async () => {
    const token = await accessTokenOf('johns');
    expect(await scene.introspect({ client_id: 'johns-public', token })).toEqual(INACTIVE);
  });

  it('IN-06 a hint that is wrong or unknown changes nothing', async () => {
    const token = await accessTokenOf('johns');
    for (const token_type_hint of ['refresh_token', 'id_token', 'nonsense'])
      expect(await seenBy('johns', token, { token_type_hint })).toMatchObject({ active: true });
  });

  it('IN-02 IN-05 needs a client and a token', async () => {
    const token = await accessTokenOf('johns');
    expect(await refusalOf(scene.introspect({ token }))).toMatchObject({ code: 'invalid_client' });
    expect(await refusalOf(scene.introspect({ ...as('johns') }))).toMatchObject({ code: 'invalid_request' });
  });
});

describe('IN-04 everything else', () => {
  it('IN-04 MT-01 of another organization, expired, spoilt or never issued', async () => {
    for (const clientId of ['johns', 'johns-opaque']) {
      const token = await accessTokenOf(clientId);
      expect(await seenBy('marys', token)).toEqual(INACTIVE);
      for (const wrong of [
        token.slice(0, -1),
        `${token}A`,
        token.toLowerCase(),
        ` ${token}`,
        `${token}=`,
        'x',
        'a.b.c',
      ])
        expect(await seenBy('johns', wrong)).toEqual(INACTIVE);
      expect(await seenBy('johns', token)).toMatchObject({ active: true });
    }
  });

  it.each(['johns', 'johns-opaque'])(
    'IN-04 abuse 34 at its second of expiry, whoever cleans up when (%s)',
    async (clientId) => {
      const { body } = await scene.signIn(clientId);
      clock.advance(3_599_000);
      expect(await seenBy('johns', body.access_token)).toMatchObject({ active: true });
      clock.advance(1000);
      expect(await seenBy('johns', body.access_token)).toEqual(INACTIVE);
      clock.advance(23 * 3_600_000);
      expect(await seenBy(clientId, body.refresh_token!)).toEqual(INACTIVE);
    },
  );

  it.each(['johns', 'johns-opaque'])(
    'RT-10 abuse 14 of a user who is gone or has changed the password (%s)',
    async (clientId) => {
      const { people } = scene.neighbours;
      const [john] = people;
      const { body } = await scene.signIn(clientId);
      const both = async () => [await seenBy(clientId, body.access_token), await seenBy(clientId, body.refresh_token!)];
      john!.credentialsChangedAt = Math.floor(clock.now() / 1000) + 1;
      expect(await both()).toEqual([INACTIVE, INACTIVE]);
      john!.credentialsChangedAt = 0;
      people.shift();
      expect(await both()).toEqual([INACTIVE, INACTIVE]);
      people.unshift(john!);
      expect(await both()).toMatchObject([{ active: true }, { active: true }]);
    },
  );

  it.each(['johns', 'johns-opaque'])('C-62 abuse 14 of a client that is disabled or gone (%s)', async (clientId) => {
    const { clients } = scene.neighbours;
    const at = clients.findIndex((one) => one.clientId === clientId);
    const { body: ofUser } = await scene.signIn(clientId);
    const { body: own } = await scene.issue({ ...as(clientId), grant_type: 'client_credentials' });
    const both = async () => [
      await seenBy('johns-other', ofUser.access_token),
      await seenBy('johns-other', own.access_token),
    ];
    expect(await both()).toMatchObject([{ active: true }, { active: true }]);
    const [gone] = clients.splice(at, 1);
    expect(await both()).toEqual([INACTIVE, INACTIVE]);
    clients.splice(at, 0, gone!);
    expect(await both()).toMatchObject([{ active: true }, { active: true }]);
  });

  it('RT-05 IN-04 a refresh token that was rotated is not active within its grace either', async () => {
    const { body: first } = await scene.signIn('johns');
    await scene.issue(refresh('johns', first));
    expect(await seenBy('johns', first.refresh_token!)).toEqual(INACTIVE);
  });
});

describe('AT-03 abuse 18 abuse 19 forged tokens', () => {
  /** Signs a genuine token's claims again, changed. */
  async function forged(
    changes: JWTPayload,
    header: Partial<JWTHeaderParameters> = {},
    signer = johns.id,
  ): Promise<string> {
    const genuine = await accessTokenOf('johns');
    const { privateKey } = scene.neighbours.keys.get(signer)!;
    const { kid } = decodeProtectedHeader(genuine);
    const claims = { ...decodeJwt(genuine), ...changes };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
      .sign(privateKey, { crit: { x: true } });
  }

  it('AT-03 the forge makes genuine tokens when nothing is changed', async () => {
    expect(await seenBy('johns', await forged({}))).toMatchObject({ active: true });
  });

  const now = () => Math.floor(clock.now() / 1000);
  it.each<[string, () => Promise<string>]>([
    [
      'abuse 19 with other claims under the same signature',
      async () => {
        const [header, , signature] = (await accessTokenOf('johns')).split('.');
        const claims = decodeJwt(await accessTokenOf('johns'));
        return [header, base64url(JSON.stringify({ ...claims, scope: MANAGEMENT_SCOPE })), signature].join('.');
      },
    ],
    [
      'abuse 18 without a signature',
      async () => {
        const [, claims] = (await accessTokenOf('johns')).split('.');
        return `${base64url('{"alg":"none","typ":"at+jwt"}')}.${claims}.`;
      },
    ],
    [
      'abuse 18 signed with the public key as an HMAC secret',
      async () => {
        const genuine = await accessTokenOf('johns');
        const { kid } = decodeProtectedHeader(genuine);
        const jwk = JSON.stringify(await exportJWK(scene.neighbours.keys.get(johns.id)!.publicKey));
        const input = `${base64url(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid }))}.${genuine.split('.')[1]}`;
        return `${input}.${createHmac('sha256', jwk).update(input).digest('base64url')}`;
      },
    ],
    [
      'AT-03 with an all-zero signature',
      async () => [...(await accessTokenOf('johns')).split('.').slice(0, 2), base64url(Buffer.alloc(64))].join('.'),
    ],
    [
      'AT-03 with a second spelling of its signature',
      async () => {
        const token = await accessTokenOf('johns');
        const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        return token.slice(0, -1) + last.charAt(last.indexOf(token.at(-1)!) + 1);
      },
    ],
    ['MT-03 signed by another organization', () => forged({}, {}, marys.id)],
    ['MT-03 signed by root', () => forged({}, {}, root.id)],
    ['AT-02 of another type', () => forged({}, { typ: 'JWT' })],
    ['AT-02 of another issuer', () => forged({ iss: ISSUER.replace('johnsorg', 'marysorg') })],
    ['AT-02 for another audience', () => forged({ aud: ISSUER })],
    ['AT-02 expired', () => forged({ exp: now() })],
    ['AT-02 not yet valid', () => forged({ nbf: now() + 60 })],
    ['AT-02 without an end', () => forged({ exp: undefined })],
    ['AT-03 with an unknown critical header', () => forged({}, { crit: ['x'], x: 1 })],
    ['AT-03 with a path as its key', () => forged({}, { kid: '../../etc/passwd' })],
    [
      'AT-03 with a key of its own',
      async () => forged({}, { kid: 'unknown', jwk: await exportJWK(scene.neighbours.keys.get(johns.id)!.publicKey) }),
    ],
    ['AT-03 of 100 KB', () => Promise.resolve(`${'x'.repeat(50_000)}.${'x'.repeat(50_000)}.x`)],
    ['of a family that never was', () => forged({ jti: '019a0000-0000-7000-8000-0000000000aa.x' })],
  ])('%s is not active', async (_, forge) => {
    const token = await forge();
    expect(await seenBy('johns', token)).toEqual(INACTIVE);
  });
});

describe('bearers of the management API', () => {
  const signIn = async () => {
    const [, , admin] = scene.neighbours.people;
    const { body } = await scene.signIn(CLI_CONSUMER_KEY, { username: 'admin', scope: MANAGEMENT_SCOPE }, [admin]);
    return { admin: admin!, token: body.access_token };
  };

  it('RO-07 says whom an operator’s token stands for', async () => {
    const { admin, token } = await signIn();
    const whose = { organizationId: root.id, orgKey: root.key, scopes: [MANAGEMENT_SCOPE], roles: ['operator'] };
    expect(await scene.verify(token)).toEqual({ sub: admin.sub, clientId: CLI_CONSUMER_KEY, ...whose });
  });

  it('RO-07 the scope goes with the role', async () => {
    const { admin, token } = await signIn();
    admin.roles = [];
    expect(await scene.verify(token)).toMatchObject({ scopes: [] });
    admin.roles = ['operator'];
  });

  it('TE-12 MT-01 refuses every other token', async () => {
    const { body } = await scene.signIn('johns', { scope: MANAGEMENT_SCOPE });
    for (const token of [body.access_token, body.refresh_token!, 'garbage'])
      expect(await refusalOf(scene.verify(token))).toMatchObject({ code: 'invalid_token' });
  });

  it('C-62 abuse 14 refuses one of a client that is gone', async () => {
    const { clients } = scene.neighbours;
    const { token } = await signIn();
    const at = clients.findIndex(({ clientId }) => clientId === CLI_CONSUMER_KEY);
    const [gone] = clients.splice(at, 1);
    expect(await refusalOf(scene.verify(token))).toMatchObject({ code: 'invalid_token' });
    clients.splice(at, 0, gone!);
    expect(await scene.verify(token)).toMatchObject({ scopes: [MANAGEMENT_SCOPE] });
  });

  it('RV-02 refuses a revoked one', async () => {
    const { token } = await signIn();
    await scene.revoke({ ...as(CLI_CONSUMER_KEY), token });
    expect(await refusalOf(scene.verify(token))).toMatchObject({ code: 'invalid_token' });
  });
});
