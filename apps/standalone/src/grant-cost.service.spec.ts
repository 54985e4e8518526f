import { LocalExchange, openWire, startCall, type Wire } from '@keyward/bus';
import {
  authorize,
  authorizeDevice,
  createApplication,
  createOrganization,
  createTrustedIssuer,
  createUser,
  decideDevice,
  generateKey,
  giveConsent,
  introspectToken,
  issueToken,
  revokeToken,
  signIn,
  signInForDevice,
  type GeneratedKey,
  type GenerateKey,
  type ServiceError,
  type TokenResponse,
} from '@keyward/contracts';
import { startNats, type Nats } from '@keyward/testing';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCounted, type Cost, type Counted } from '../test/counted';

const PASSWORD = 'correct horse battery staple, a long one';
const REDIRECT_URI = 'https://shop.example/callback';
const VERIFIER = 'v'.repeat(43);
const HR = 'https://hr.example';
const URN = 'urn:ietf:params:oauth:grant-type:';
const EVERY_GRANT = [
  ...['password', 'client_credentials', 'refresh_token', 'authorization_code'],
  ...[`${URN}device_code`, `${URN}token-exchange`, `${URN}jwt-bearer`],
];
const call = () => startCall(10_000);

const CLIENT = 'key-manager.client.authenticate';
const OTHER_CLIENT = 'key-manager.client.check';
const SIGN = 'key-manager.jwt.sign';
const ISSUE = 'token.token.issue';
const USER = 'directory.user.check';
const ATTEMPT = ['begin_attempt', 'settle_attempt'];
const LIVE = ['check-user', 'is-access-token-alive'];

/** A request: what it asks of whom, and what of PostgreSQL; each statement is a transaction of its own. */
const COSTS: Record<string, [messages: string[], queries: string[]]> = {
  '`client_credentials`': [[CLIENT, SIGN, ISSUE], []],
  '`password`': [
    ['directory.user.authenticate', CLIENT, SIGN, ISSUE],
    [...ATTEMPT, 'insert-refresh-family'],
  ],
  '`refresh_token`': [
    [USER, CLIENT, SIGN, ISSUE],
    ['check-user', 'rotate-refresh-family'],
  ],
  '`authorization_code`': [
    [USER, CLIENT, SIGN, ISSUE],
    ['check-user', 'redeem-code'],
  ],
  '`authorization_code` with an ID token': [
    [USER, CLIENT, 'key-manager.relying-party.find', SIGN, SIGN, ISSUE],
    ['check-user', 'find-relying-party', 'redeem-code'],
  ],
  'device code': [
    [USER, CLIENT, SIGN, ISSUE],
    ['check-user', 'poll-device-code', 'redeem-device-code'],
  ],
  'token exchange': [[USER, CLIENT, OTHER_CLIENT, SIGN, ISSUE], LIVE],
  'JWT bearer': [
    [USER, 'key-manager.assertion.verify', CLIENT, SIGN, ISSUE],
    ['check-user', 'find-trusted-issuer', 'use-once'],
  ],
};
const AFTER: Record<string, [messages: string[], queries: string[]]> = {
  'introspection of a JWT': [[USER, CLIENT, OTHER_CLIENT, 'token.token.introspect'], LIVE],
  'introspection of an opaque token': [
    [USER, CLIENT, OTHER_CLIENT, 'token.token.introspect'],
    [...LIVE, 'find-access-token'],
  ],
  'introspection of a refresh token': [
    [USER, CLIENT, 'token.token.introspect'],
    ['check-user', 'find-refresh-family'],
  ],
  'revocation of a JWT': [[CLIENT, 'token.token.revoke'], ['revoke-access-token']],
  'revocation of a refresh token': [
    [CLIENT, 'token.token.revoke'],
    ['find-refresh-family', 'revoke-refresh-family'],
  ],
};

let nats: Nats;
beforeAll(async () => (nats = await startNats()));
afterAll(() => nats.stop());

const exchange = new LocalExchange();
const TRANSPORTS: [string, (name: string) => Promise<Wire>][] = [
  ['over NATS', (name) => openWire({ url: nats.url, name })],
  ['in process', () => Promise.resolve(exchange.wire())],
];

describe.each(TRANSPORTS)('what a request costs %s', (_transport, open) => {
  let services: Counted;
  let organizationId: string;
  let hr: CryptoKey;
  let keys: Record<'jwt' | 'opaque' | 'other', GeneratedKey>;

  beforeAll(async () => {
    services = await startCounted(open);
    const { bus } = services;
    ({ id: organizationId } = await bus.call(createOrganization, { key: 'johnsorg' }, call()));
    const { user } = await bus.call(createUser, { organizationId, username: 'john', password: PASSWORD }, call());
    const generated = async (application: string, more: Partial<GenerateKey> = {}) => {
      const settings = { grantTypes: EVERY_GRANT, redirectUris: [REDIRECT_URI], ...more };
      return bus.call(generateKey, { organizationId, application, kind: 'production', ...settings }, call());
    };
    for (const name of ['shop', 'other']) await bus.call(createApplication, { organizationId, name }, call());
    keys = {
      jwt: await generated('shop'),
      opaque: await generated('shop', { kind: 'sandbox', tokenType: 'opaque' }),
      other: await generated('other'),
    };
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'hr', alg: 'ES256' }] };
    const users = [{ subject: '4711', userId: user.id }];
    await bus.call(createTrustedIssuer, { organizationId, name: 'hr', issuer: HR, jwks, users }, call());
    hr = privateKey;
    // Its key is made ahead, beside the requests: here it is there before anything is counted.
    await issue('jwt', await codeFor('jwt', 'openid'));
  });
  afterAll(() => services.close());

  type By = keyof typeof keys;
  const form = (by: By, params: Record<string, string>) => ({
    params: { client_id: keys[by].key.consumerKey, client_secret: keys[by].consumerSecret ?? '', ...params },
    ip: '127.0.0.1',
  });
  const issue = async (by: By, params: Record<string, string>): Promise<TokenResponse> =>
    (await services.bus.call(issueToken, form(by, params), call())).body;
  const password = { grant_type: 'password', username: 'john', password: PASSWORD };

  const browser = (params: Record<string, string>, session?: string) => ({
    ...{ params, organizationId, ip: '127.0.0.1' },
    sessions: (session === undefined ? {} : { johnsorg: session }) as Record<string, string>,
  });
  /** A code of the authorization endpoint, for someone who signs in for it and agrees. */
  async function codeFor(by: By, scope: string): Promise<Record<string, string>> {
    const { bus } = services;
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
    const asked = {
      ...{ client_id: keys[by].key.consumerKey, response_type: 'code', redirect_uri: REDIRECT_URI, scope },
      ...{ code_challenge: challenge, code_challenge_method: 'S256', nonce: randomUUID() },
    };
    const { session } = await bus.call(signIn, { ...browser(asked), username: 'john', password: PASSWORD }, call());
    await bus.call(giveConsent, { ...browser(asked, session?.secret), allowed: true }, call());
    const { redirect } = await bus.call(authorize, browser(asked, session?.secret), call());
    const code = redirect?.params['code'] ?? '';
    return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER };
  }
  /** A device whose user has agreed. */
  async function deviceCodeFor(by: By): Promise<Record<string, string>> {
    const { bus } = services;
    const { device_code, user_code } = await bus.call(authorizeDevice, form(by, {}), call());
    const page = { user_code };
    const { session } = await bus.call(
      signInForDevice,
      { ...browser(page), username: 'john', password: PASSWORD },
      call(),
    );
    await bus.call(decideDevice, { ...browser(page, session?.secret), allowed: true }, call());
    return { grant_type: `${URN}device_code`, device_code };
  }
  const assertion = () =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'hr' })
      .setIssuer(HR)
      .setSubject('4711')
      .setAudience('https://localhost:8243/t/johnsorg')
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(hr);

  /** What a client sends. */
  const FORMS: Record<string, (by: By) => Promise<Record<string, string>>> = {
    '`client_credentials`': async () => ({ grant_type: 'client_credentials' }),
    '`password`': async () => password,
    '`refresh_token`': async (by) => ({
      grant_type: 'refresh_token',
      refresh_token: (await issue(by, password)).refresh_token ?? '',
    }),
    '`authorization_code`': (by) => codeFor(by, 'default'),
    '`authorization_code` with an ID token': (by) => codeFor(by, 'openid'),
    'device code': deviceCodeFor,
    'token exchange': async () => ({
      grant_type: `${URN}token-exchange`,
      subject_token: (await issue('other', password)).access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }),
    'JWT bearer': async () => ({ grant_type: `${URN}jwt-bearer`, assertion: await assertion() }),
  };

  /** The second of its kind: the first has filled the caches. */
  async function costOfGrant(grant: string, by: By): Promise<Cost> {
    await issue(by, await FORMS[grant]!(by));
    const params = await FORMS[grant]!(by);
    return (await services.costOf(() => issue(by, params))).cost;
  }
  const costs = (messages: string[], queries: string[]): Cost => ({
    messages: [...messages].sort(),
    queries: [...queries].sort(),
    transactions: queries.length,
  });

  it.each(Object.entries(COSTS))('%s, JWT', async (grant, [messages, queries]) => {
    expect(await costOfGrant(grant, 'jwt')).toEqual(costs(messages, queries));
  });

  it.each(Object.entries(COSTS))('%s, opaque: one message less and one statement more', async (grant, cost) => {
    const messages = cost[0].toSpliced(cost[0].indexOf(SIGN), 1);
    expect(await costOfGrant(grant, 'opaque')).toEqual(costs(messages, [...cost[1], 'insert-access-token']));
  });

  it('JK-01 the first token of an organization waits for two queries more: are there keys, and here is one', async () => {
    const { bus, costOf } = services;
    const { id } = await bus.call(createOrganization, { key: 'newcomers' }, call());
    await bus.call(createApplication, { organizationId: id, name: 'app' }, call());
    const [known, first] = await Promise.all(
      (['production', 'sandbox'] as const).map(async (kind) => {
        const asked = { organizationId: id, application: 'app', kind };
        const { key, consumerSecret = '' } = await bus.call(generateKey, asked, call());
        return { client_id: key.consumerKey, client_secret: consumerSecret };
      }),
    );
    const ask = (params: object) =>
      bus
        .call(issueToken, { params: { ...params }, ip: '127.0.0.1' }, call())
        .catch((error: unknown) => (error as ServiceError).code);
    // The token service is told of the organization.
    while ((await ask({ ...known, grant_type: 'password' })) !== 'invalid_request')
      await new Promise((resolve) => setTimeout(resolve, 10));
    const { cost } = await costOf(() => ask({ ...first, grant_type: 'client_credentials' }));
    expect(cost).toEqual(
      costs([CLIENT, SIGN, ISSUE], ['find-client', 'find-signing-keys', 'insert-first-signing-key']),
    );
  });

  it('TE-08 a scope costs nothing more: what the catalog says is held in memory', async () => {
    for (const grant of [password, { grant_type: 'client_credentials' }]) {
      const plain = await services.costOf(() => issue('jwt', grant));
      const scoped = await services.costOf(() => issue('jwt', { ...grant, scope: 'read update' }));
      expect(scoped.cost).toEqual(plain.cost);
    }
  });

  it.each(Object.entries(AFTER))('%s', async (what, [messages, queries]) => {
    const by = what.includes('opaque') ? 'opaque' : 'jwt';
    const isRevocation = what.startsWith('revocation');
    const send = async () => {
      const { access_token, refresh_token = '' } = await issue(by, password);
      const token = what.includes('refresh') ? refresh_token : access_token;
      const request = form(isRevocation || what.includes('refresh') ? by : 'other', { token });
      return services.costOf<object>(() =>
        isRevocation
          ? services.bus.call(revokeToken, request, call())
          : services.bus.call(introspectToken, request, call()),
      );
    };
    await send();
    const { answer, cost } = await send();
    expect(answer).toEqual(isRevocation ? {} : expect.objectContaining({ active: true }));
    expect(cost).toEqual(costs(messages, queries));
  });
});

it('is what ARCHITECTURE.md says', () => {
  const page = readFileSync(join(__dirname, '../../../ARCHITECTURE.md'), 'utf8');
  const [, table = ''] = page.split('<!-- counted by apps/standalone/src/grant-cost.service.spec.ts -->');
  const rows = [...table.matchAll(/^\| (.+?) +\| (\d+) +\| (\d+) +\| (\d+) +\|$/gm)].map((row) => row.slice(1));
  expect(rows).toEqual(
    Object.entries({ ...COSTS, ...AFTER }).map(([what, [messages, queries]]) => [
      what,
      ...[messages.length, queries.length, queries.length].map(String),
    ]),
  );
});
