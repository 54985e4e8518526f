import { randomUUID } from 'node:crypto';
import { authenticateUser, CLI_CONSUMER_KEY, MANAGEMENT_SCOPE } from '@keyward/contracts';
import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { TOKEN_SCHEMA } from './data-source';
import { johns, marys, strict } from './neighbours.fixture';
import { as, ISSUER, refresh, refusalOf, startScene, type Form, type Scene } from './service.fixture';
import { newSecret, readToken, writeToken } from './token-string';

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
beforeEach(() => void scene.neighbours.asked.splice(0));

const refusal = (params: Form, more = {}) => refusalOf(scene.issue(params, more));

describe('TE-04 the order of refusals', () => {
  const john: Form = { grant_type: 'password', username: 'john', password: 'wrong' };

  const strictly: Form = { ...as('johns-strict'), grant_type: 'client_credentials', scope: 'read' };

  it.each<[string, Form, string]>([
    ['no client and no grant', {}, 'invalid_client'],
    ['no client, unknown grant', { grant_type: 'unknown' }, 'invalid_client'],
    ['a wrong secret, unknown grant', { ...as('johns'), client_secret: 'x', grant_type: 'unknown' }, 'invalid_client'],
    ['a suspended organization', { ...as('closed'), ...john }, 'invalid_client'],
    ['an organization nobody knows', { ...as('nowhere'), ...john }, 'invalid_client'],
    ['TE-05 no grant', as('johns'), 'invalid_request'],
    ['TE-05 an unknown grant', { ...as('johns'), grant_type: 'unknown' }, 'unsupported_grant_type'],
    ['TE-05 a member of every object', { ...as('johns'), grant_type: 'constructor' }, 'unsupported_grant_type'],
    ['TE-05 a grant in another case', { ...as('johns'), ...john, grant_type: 'Password' }, 'unsupported_grant_type'],
    [
      'TE-05 a grant the client has not',
      { ...as('johns-plain'), grant_type: 'client_credentials' },
      'unauthorized_client',
    ],
    ['RO-01 an organization without the password grant', { ...as('strict'), ...john }, 'unauthorized_client'],
    ['RO-08 a client whose password grant has ended', { ...as('johns-sunset'), ...john }, 'unauthorized_client'],
    ['RO-02 a public client and a password', { client_id: 'johns-public', ...john }, 'unauthorized_client'],
    [
      'CC-01 a public client by itself',
      { client_id: 'johns-public', grant_type: 'client_credentials' },
      'unauthorized_client',
    ],
    ['CA-09 a public client with a secret', { ...as('johns-public'), ...john }, 'invalid_client'],
    ['RO-03 no username', { ...as('johns'), grant_type: 'password', password: 'x' }, 'invalid_request'],
    ['BF-07 a password that is too long', { ...as('johns'), ...john, password: 'x'.repeat(1025) }, 'invalid_request'],
    ['TE-08 a malformed scope', { ...as('johns'), ...john, scope: 'a  b' }, 'invalid_scope'],
    ['a wrong password', { ...as('johns'), ...john }, 'invalid_grant'],
    ['no refresh token', { ...as('johns'), grant_type: 'refresh_token' }, 'invalid_request'],
    ['what is no refresh token', refresh('johns', { refresh_token: 'garbage' }), 'invalid_grant'],
    ['TE-08 a scope that a strict client may not have', strictly, 'invalid_scope'],
    [
      'CC-04 openid for a client',
      { ...as('johns'), grant_type: 'client_credentials', scope: 'openid' },
      'invalid_scope',
    ],
  ])('TE-04 %s', async (_, params, code) => {
    expect(await refusal(params)).toMatchObject({ code });
  });

  it('CA-07 TE-10 a client is refused in the same words for every cause', async () => {
    const causes = await Promise.all([
      refusal({ ...as('nobody'), ...john }),
      refusal({ ...as('johns'), client_secret: 'wrong', ...john }),
      refusal({ ...as('closed'), ...john }),
      refusal({ ...as('nowhere'), ...john }),
      refusal({ ...as('johns'), ...john }, { organizationId: marys.id }),
      refusal({ ...as('johns'), ...john }, { organizationId: '019a0000-0000-7000-8000-0000000000ee' }),
      refusal(john),
      refusal(john, { authorization: 'Basic !!!' }),
    ]);
    for (const cause of causes) expect(cause).toEqual(causes[0]);
    expect(causes[0]?.code).toBe('invalid_client');
  });

  it('RO-01 the server’s switch makes the grant unknown', async () => {
    scene.oauth.passwordGrant = false;
    expect(await refusal({ ...as('johns'), ...john })).toMatchObject({ code: 'unsupported_grant_type' });
    scene.oauth.passwordGrant = true;
  });

  it('RO-01 RO-07 the server’s switch leaves operators their way in', async () => {
    scene.oauth.passwordGrant = false;
    const admin = scene.neighbours.people[2]!;
    const { body } = await scene.signIn(CLI_CONSUMER_KEY, { username: 'admin@root', scope: MANAGEMENT_SCOPE }, [admin]);
    scene.oauth.passwordGrant = true;
    expect(body.scope).toBe(MANAGEMENT_SCOPE);
  });
});

describe('TE-08 the scopes of APIs', () => {
  const [READ, UPDATE] = ['orders:read', 'orders:update'];
  const clerk = () => scene.neighbours.people.filter(({ username }) => username === 'clerk');

  it('TE-08 are granted by what the catalog has told, and nobody is asked for them', async () => {
    const scope = `${READ} ${UPDATE} unknown`;
    const { body } = await scene.signIn('johns', { scope });
    expect(body.scope).toBe(READ);
    expect(scene.neighbours.asked.map(({ subject }) => subject).filter((one) => one.startsWith('catalog.'))).toEqual(
      [],
    );
    const johnsClerk = await scene.signIn('johns', { scope, username: 'clerk' }, clerk());
    expect(johnsClerk.body.scope).toBe(`${READ} ${UPDATE}`);
    const own = await scene.issue({ ...as('johns'), grant_type: 'client_credentials', scope });
    expect(own.body.scope).toBe(READ);
  });

  it('abuse 1: need a role in the organization of the API, not one of the same name in another', async () => {
    const scope = `${READ} ${UPDATE}`;
    const [, marysClerk] = clerk();
    const { body } = await scene.signIn(
      'johns-saas',
      { scope, username: 'clerk@marysorg' },
      marysClerk && [marysClerk],
    );
    expect(body.scope).toBe(READ);
    expect((await scene.issue({ ...as('marys'), grant_type: 'client_credentials', scope })).body.scope).toBe('default');
  });

  it('TE-08 RT-03 strict, what is refused at a refresh uses the token not up', async () => {
    const first = await scene.signIn('johns-strict', { scope: READ });
    for (const scope of [UPDATE, `${READ} unknown`])
      expect((await refusal(refresh('johns-strict', first.body, { scope }))).code).toBe('invalid_scope');
    expect((await scene.issue(refresh('johns-strict', first.body))).body.scope).toBe(READ);
  });
});

describe('the password grant', () => {
  it('AT-01 RO-07 gives a JWT of the organization’s issuer, and a refresh token', async () => {
    const { body, sunset } = await scene.signIn('johns', { username: 'john@JohnsOrg', scope: 'read default' });
    const now = Math.floor(clock.now() / 1000);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'default' });
    expect(body.refresh_token).toMatch(/^krt_/);
    expect(sunset).toBeUndefined();
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
    const { jti, ...claims } = decodeJwt(body.access_token);
    expect(claims).toEqual({
      ...{
        iss: ISSUER,
        aud: `${ISSUER}/api`,
        sub: scene.neighbours.people[0]!.sub,
        org: 'johnsorg',
        client_id: 'johns',
      },
      ...{ scope: 'default', iat: now, exp: now + 3600, auth_time: now, amr: ['pwd'], acr: 'urn:keyward:acr:password' },
    });
    expect(jti).toMatch(/^[0-9a-f-]{36}\.[\w-]{22}$/);
  });

  it('RO-08 tells when the grant ends, and gives no refresh token to a client without that grant', async () => {
    const { body, sunset } = await scene.signIn('johns-plain');
    expect(sunset).toBe('2999-01-01T00:00:00Z');
    expect(body).not.toHaveProperty('refresh_token');
    expect(decodeJwt(body.access_token).jti).toMatch(/^[\w-]{22}$/);
  });

  it('RO-10 RO-04 a name of another organization, known or not, is refused by the directory as a whole', async () => {
    for (const username of ['john@marysorg', 'john@closedorg', 'john@nosuchorg']) {
      scene.neighbours.asked.splice(0);
      const [, mary] = scene.neighbours.people;
      const form = { ...as('johns'), grant_type: 'password', username, password: `${mary!.sub}-password` };
      expect(await refusal(form)).toEqual({ code: 'invalid_grant', description: 'Authentication failed' });
      const attempts = scene.neighbours.asked.filter(({ subject }) => subject === authenticateUser.subject);
      expect(attempts.map(({ request }) => request)).toEqual([
        {
          ...{ organizationId: johns.id, username, refuse: true, password: form.password },
          ...{ clientId: 'johns', clientOrganizationId: johns.id },
        },
      ]);
    }
  });

  it('RO-10 a multi-organization client takes users of both, each its own', async () => {
    const [, mary] = scene.neighbours.people;
    const own = await scene.signIn('johns-saas', { username: 'john@johnsorg' });
    const other = await scene.signIn('johns-saas', { username: 'john@marysorg' }, [mary!]);
    expect(decodeJwt(own.body.access_token)).toMatchObject({ org: 'johnsorg', sub: scene.neighbours.people[0]!.sub });
    expect(decodeJwt(other.body.access_token)).toMatchObject({ iss: ISSUER, org: 'marysorg', sub: mary!.sub });
  });

  it('RO-01 RO-04 it takes nobody of an organization whose own password grant is off', async () => {
    const john = scene.neighbours.people.find(({ organizationId }) => organizationId === strict.id)!;
    const form = { ...as('johns-saas'), grant_type: 'password', password: `${john.sub}-password` };
    const unknown = await refusal({ ...form, username: 'john@nosuchorg' });
    scene.neighbours.asked.splice(0);
    expect(await refusal({ ...form, username: 'john@strictorg' })).toEqual(unknown);
    const [attempt] = scene.neighbours.asked.filter(({ subject }) => subject === authenticateUser.subject);
    expect(attempt?.request).toMatchObject({ organizationId: johns.id, username: 'john@strictorg', refuse: true });
  });

  it('RO-07 gives management to the operator through the command line’s client', async () => {
    const admin = scene.neighbours.people[2]!;
    const { body } = await scene.signIn(CLI_CONSUMER_KEY, { username: 'admin@root', scope: MANAGEMENT_SCOPE }, [admin]);
    expect(body.scope).toBe(MANAGEMENT_SCOPE);
    expect((await scene.signIn('johns', { scope: MANAGEMENT_SCOPE })).body.scope).toBe('default');
  });
});

describe('client_credentials', () => {
  it('CC-02 RT-11 speaks of the client alone', async () => {
    const { body } = await scene.issue({ ...as('johns'), grant_type: 'client_credentials' });
    expect(body).not.toHaveProperty('refresh_token');
    const claims = decodeJwt(body.access_token);
    expect(claims).toMatchObject({ sub: 'johns', client_id: 'johns', org: 'johnsorg' });
    expect(claims).not.toHaveProperty('auth_time');
    expect(claims).not.toHaveProperty('amr');
  });

  it('asks the key manager twice and nobody else', async () => {
    await scene.issue({ ...as('johns'), grant_type: 'client_credentials' });
    expect(scene.neighbours.asked.map(({ subject }) => subject)).toEqual([
      'key-manager.client.authenticate',
      'key-manager.jwt.sign',
    ]);
  });
});

describe('the refresh token grant', () => {
  it('RT-01 RT-03 RT-05 rotates, narrows the access token alone, and repeats a lost answer', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.issue(refresh('johns', first, { scope: 'default' }));
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await scene.issue(refresh('johns', first))).body.refresh_token).toBe(second.refresh_token);
    expect(await refusal(refresh('johns', second, { scope: 'default more' }))).toMatchObject({ code: 'invalid_scope' });
    expect((await scene.issue(refresh('johns', second))).body.scope).toBe('default');
  });

  it('RT-03 keeps the original scope for the next', async () => {
    const scope = `${MANAGEMENT_SCOPE} default`;
    const [, , admin] = scene.neighbours.people;
    const { body } = await scene.signIn(CLI_CONSUMER_KEY, { username: 'admin', scope }, [admin]);
    const { body: narrowed } = await scene.issue(refresh(CLI_CONSUMER_KEY, body, { scope: 'default' }));
    expect(narrowed.scope).toBe('default');
    expect((await scene.issue(refresh(CLI_CONSUMER_KEY, narrowed))).body.scope).toBe(scope);
  });

  it('RT-02 abuse 16 abuse 17 is for its own client and its own kind of token', async () => {
    const { body } = await scene.signIn('johns');
    for (const params of [
      refresh('johns-other', body),
      refresh('marys', body),
      refresh('johns', { refresh_token: body.access_token }),
      refresh('johns', { refresh_token: body.refresh_token?.slice(0, -1) }),
    ])
      expect(await refusal(params)).toMatchObject({ code: 'invalid_grant' });
    expect((await scene.issue(refresh('johns', body))).body.refresh_token).toBeDefined();
  });

  it('RT-03 a scope that the user may have no more consumes nothing', async () => {
    const [, , admin] = scene.neighbours.people;
    const asked = { scope: MANAGEMENT_SCOPE };
    const { body } = await scene.signIn(CLI_CONSUMER_KEY, { username: 'admin', ...asked }, [admin]);
    scene.oauth.refreshGrace = 0;
    admin!.roles = [];
    expect(await refusal(refresh(CLI_CONSUMER_KEY, body, asked))).toMatchObject({ code: 'invalid_scope' });
    admin!.roles = ['operator'];
    expect((await scene.issue(refresh(CLI_CONSUMER_KEY, body, asked))).body.scope).toBe(MANAGEMENT_SCOPE);
    scene.oauth.refreshGrace = 10;
  });

  it('RT-02 abuse 17 a token that names another user is none, and changes nothing', async () => {
    const { body } = await scene.signIn('johns');
    const token = readToken('krt', body.refresh_token!)!;
    const [, mary] = scene.neighbours.people;
    const nobody = '019b0000-0000-7000-8000-0000000000ee';
    for (const claimed of [{ sub: mary!.sub, userOrganizationId: marys.id }, { sub: nobody }, { id: nobody }]) {
      const { text } = writeToken('krt', { ...token, ...claimed }, token.secret);
      expect(await refusal(refresh('johns', { refresh_token: text }))).toMatchObject({ code: 'invalid_grant' });
    }
    expect((await scene.issue(refresh('johns', body))).body.refresh_token).toBeDefined();
  });

  it('RT-06 abuse 17 who knows the ids of an access token alone ends no session', async () => {
    const { body: first } = await scene.signIn('johns');
    const { jti = '', sub = '' } = decodeJwt(first.access_token);
    const [id = ''] = jti.split('.');
    const made = () =>
      writeToken('krt', { id, sub, userOrganizationId: johns.id, proof: randomUUID() }, newSecret('krt')).text;
    const refused = async () => expect(await refusal(refresh('johns', { refresh_token: made() }))).toEqual(garbage);
    const garbage = await refusal(refresh('johns', { refresh_token: 'garbage' }));
    await refused();
    const { body: second } = await scene.issue(refresh('johns', first));
    await refused();
    expect(await scene.introspect({ ...as('johns'), token: second.access_token })).toMatchObject({ active: true });
    expect((await scene.issue(refresh('johns', second))).body.refresh_token).toBeDefined();
  });

  it('RT-01 the access token tells when and how its user signed in, and of the family', async () => {
    const { body: first } = await scene.signIn('johns');
    const before = decodeJwt(first.access_token);
    clock.advance(60_000);
    const { body: second } = await scene.issue(refresh('johns', first));
    const { jti, iat, exp, ...claims } = decodeJwt(second.access_token);
    expect(before).toMatchObject(claims);
    expect(claims).toMatchObject({ auth_time: before.iat, amr: ['pwd'] });
    expect([iat, exp]).toEqual([before.iat! + 60, before.exp! + 60]);
    expect(jti?.split('.')[0]).toBe(before.jti?.split('.')[0]);
  });

  it('RT-04 answers reuse as any other invalid token, and the newest is dead', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.issue(refresh('johns', first));
    const { body: third } = await scene.issue(refresh('johns', second));
    const garbage = await refusal(refresh('johns', { refresh_token: 'garbage' }));
    expect(garbage.code).toBe('invalid_grant');
    expect(await refusal(refresh('johns', first))).toEqual(garbage);
    expect(await refusal(refresh('johns', third))).toEqual(garbage);
  });

  it('RT-10 ends with its user, and with a changed password where that is asked for', async () => {
    const { people } = scene.neighbours;
    const [john] = people;
    const { body } = await scene.signIn('johns-keeping');
    john!.credentialsChangedAt = Math.floor(clock.now() / 1000) + 1;
    expect(await refusal(refresh('johns-keeping', body))).toMatchObject({ code: 'invalid_grant' });
    scene.oauth.revokeOnPasswordChange = false;
    expect((await scene.issue(refresh('johns-keeping', body))).body.access_token).toBeDefined();
    // Ended by an administrator it is over whatever is asked for of passwords.
    john!.grantsEndedAt = john!.credentialsChangedAt;
    expect(await refusal(refresh('johns-keeping', body))).toMatchObject({ code: 'invalid_grant' });
    john!.grantsEndedAt = null;
    scene.oauth.revokeOnPasswordChange = true;
    john!.credentialsChangedAt = 0;
    people.shift();
    expect(await refusal(refresh('johns-keeping', body))).toMatchObject({ code: 'invalid_grant' });
    people.unshift(john!);
    expect((await scene.issue(refresh('johns-keeping', body))).body.access_token).toBeDefined();
  });

  it('RT-14 gives the same token to a client that keeps it', async () => {
    const { body } = await scene.signIn('johns-keeping');
    expect(body.expires_in).toBe(120);
    expect((await scene.issue(refresh('johns-keeping', body))).body.refresh_token).toBe(body.refresh_token);
  });

  it('asks the key manager twice and the directory once', async () => {
    const { body } = await scene.signIn('johns');
    scene.neighbours.asked.splice(0);
    await scene.issue(refresh('johns', body));
    const subjects = scene.neighbours.asked.map(({ subject }) => subject).sort();
    expect(subjects).toEqual(['directory.user.check', 'key-manager.client.authenticate', 'key-manager.jwt.sign']);
  });
});
