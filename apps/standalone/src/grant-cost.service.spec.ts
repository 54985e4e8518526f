import { Bus, LocalExchange, startCall, type Wire } from '@keyward/bus';
import { CATALOG_SCHEMA, CATALOG_SETTINGS, startCatalog } from '@keyward/catalog';
import {
  createApplication,
  createOrganization,
  createUser,
  generateKey,
  introspectToken,
  issueToken,
  type GeneratedKey,
} from '@keyward/contracts';
import { DIRECTORY_SCHEMA, DIRECTORY_SETTINGS, startDirectory } from '@keyward/directory';
import { KEY_MANAGER_SCHEMA, KEY_MANAGER_SETTINGS, startKeyManager } from '@keyward/key-manager';
import { createLogger, loadConfig, type Running } from '@keyward/runtime';
import { createTestDatabase, type TestDatabase } from '@keyward/testing';
import { startToken, TOKEN_SCHEMA, TOKEN_SETTINGS } from '@keyward/token';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type QueryConfig } from 'pg';

const PASSWORD = 'correct horse battery staple, a long one';
const call = () => startCall(10_000);
const logger = createLogger('spec', { level: 'silent' });

let database: TestDatabase;
let bus: Bus;
let keys: Record<'jwt' | 'opaque', GeneratedKey>;
const undo: (() => unknown)[] = [];

/** What crosses between services and what reaches PostgreSQL. */
const messages: string[] = [];
const statements = jest.spyOn(Client.prototype, 'query');

/** A wire of the exchange that notes its requests. */
const noting = (wire: Wire): Wire =>
  Object.assign(Object.create(wire) as Wire, {
    request: (...request: Parameters<Wire['request']>) => {
      messages.push(request[0]);
      return wire.request(...request);
    },
  });

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA, KEY_MANAGER_SCHEMA, CATALOG_SCHEMA, TOKEN_SCHEMA]);
  const exchange = new LocalExchange();
  const started = async (start: (wire: Wire) => Promise<Running>) => {
    const running = await start(noting(exchange.wire()));
    undo.push(() => running.close());
    return running;
  };
  const env = (schema: string) => ({
    DATABASE_URL: database.url(schema),
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    KEYWARD_ADMIN_PASSWORD: PASSWORD,
    KEYWARD_CLI_SECRET: PASSWORD,
  });
  await started((wire) => startDirectory(loadConfig(DIRECTORY_SETTINGS, { env: env('directory') }), wire, logger));
  await started((wire) => startKeyManager(loadConfig(KEY_MANAGER_SETTINGS, { env: env('key_manager') }), wire, logger));
  await started((wire) => startCatalog(loadConfig(CATALOG_SETTINGS, { env: env('catalog') }), wire, logger));
  const token = await started((wire) => startToken(loadConfig(TOKEN_SETTINGS, { env: env('token') }), wire, logger));
  while ((await token.ready?.())?.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));

  bus = new Bus(noting(exchange.wire()));
  const { id: organizationId } = await bus.call(createOrganization, { key: 'johnsorg' }, call());
  await bus.call(createUser, { organizationId, username: 'john', password: PASSWORD }, call());
  await bus.call(createApplication, { organizationId, name: 'shop' }, call());
  const key = { organizationId, application: 'shop' };
  keys = {
    jwt: await bus.call(generateKey, { ...key, kind: 'production' }, call()),
    opaque: await bus.call(generateKey, { ...key, kind: 'sandbox', tokenType: 'opaque' }, call()),
  };
});
afterAll(async () => {
  statements.mockRestore();
  for (const step of undo.reverse()) await step();
  await database.drop();
});

const form = (type: keyof typeof keys, params: Record<string, string>) => ({
  params: { client_id: keys[type].key.consumerKey, client_secret: keys[type].consumerSecret ?? '', ...params },
  ip: '127.0.0.1',
});
const issue = async (type: keyof typeof keys, params: Record<string, string>) =>
  (await bus.call(issueToken, form(type, params), call())).body;
const password = { grant_type: 'password', username: 'john', password: PASSWORD };

/** Feeds are followed, and who used an application is noted, beside all requests, whatever these are. */
const ofFeeds = (name: string) => /^(feed-|note-)|\.(since|position|snapshot)$/.test(name);

async function costOf<T>(request: () => Promise<T>): Promise<{ answer: T; cost: [string[], string[]] }> {
  messages.length = 0;
  statements.mockClear();
  const answer = await request();
  const without = (names: string[]) => names.filter((name) => !ofFeeds(name)).sort();
  return { answer, cost: [without(messages), without(statements.mock.calls.map(nameOf))] };
}

/** A prepared statement's name, or the text of another. */
function nameOf([statement]: unknown[]): string {
  const { name, text } = typeof statement === 'string' ? { text: statement } : (statement as QueryConfig);
  return name ?? text;
}

/** What a grant costs; the first of its kind has filled the caches. */
async function costOfGrant(grant: string, type: keyof typeof keys) {
  const params = grant === 'password' ? password : { grant_type: grant };
  if (grant !== 'refresh_token') {
    await issue(type, params);
    return (await costOf(() => issue(type, params))).cost;
  }
  const { refresh_token: first = '' } = await issue(type, password);
  const { refresh_token: second = '' } = await issue(type, { ...params, refresh_token: first });
  return (await costOf(() => issue(type, { ...params, refresh_token: second }))).cost;
}

const CLIENT = 'key-manager.client.authenticate';
const SIGN = 'key-manager.jwt.sign';
const ISSUE = 'token.token.issue';
const ATTEMPT = ['begin_attempt', 'settle_attempt'];

const COSTS: [string, keyof typeof keys, string[], string[]][] = [
  ['client_credentials', 'jwt', [CLIENT, SIGN, ISSUE], []],
  ['client_credentials', 'opaque', [CLIENT, ISSUE], ['insert-access-token']],
  ['password', 'jwt', ['directory.user.authenticate', CLIENT, SIGN, ISSUE], [...ATTEMPT, 'insert-refresh-family']],
  [
    'password',
    'opaque',
    ['directory.user.authenticate', CLIENT, ISSUE],
    [...ATTEMPT, 'insert-access-token', 'insert-refresh-family'],
  ],
  ['refresh_token', 'jwt', ['directory.user.check', CLIENT, SIGN, ISSUE], ['check-user', 'rotate-refresh-family']],
  [
    'refresh_token',
    'opaque',
    ['directory.user.check', CLIENT, ISSUE],
    ['check-user', 'insert-access-token', 'rotate-refresh-family'],
  ],
];

describe('what a request costs in messages and statements', () => {
  it.each(COSTS)('the grant %s (%s)', async (grant, type, asked, stated) => {
    expect(await costOfGrant(grant, type)).toEqual([[...asked].sort(), [...stated].sort()]);
  });

  it('TE-08 a scope costs nothing more: what the catalog says is held in memory', async () => {
    for (const grant of [password, { grant_type: 'client_credentials' }]) {
      const plain = await costOf(() => issue('jwt', grant));
      const scoped = await costOf(() => issue('jwt', { ...grant, scope: 'read update' }));
      expect(scoped.cost).toEqual(plain.cost);
    }
  });

  it.each([
    ['jwt', ['check-user', 'is-access-token-alive']],
    ['opaque', ['check-user', 'find-access-token', 'is-access-token-alive']],
  ] as const)('introspection of an access token of a user (%s)', async (type, stated) => {
    const { access_token: token } = await issue(type, password);
    const introspect = () => bus.call(introspectToken, form(type, { token }), call());
    await introspect();
    const { answer, cost } = await costOf(introspect);
    expect(answer.active).toBe(true);
    expect(cost).toEqual([['directory.user.check', CLIENT, 'token.token.introspect'], stated]);
  });

  it('introspection of an access token of another client asks about that client as well', async () => {
    const { access_token: token } = await issue('jwt', password);
    const introspect = () => bus.call(introspectToken, form('opaque', { token }), call());
    await introspect();
    const { answer, cost } = await costOf(introspect);
    expect(answer.active).toBe(true);
    const asked = ['directory.user.check', CLIENT, 'key-manager.client.check', 'token.token.introspect'];
    expect(cost).toEqual([asked, ['check-user', 'is-access-token-alive']]);
  });

  it('is what ARCHITECTURE.md says', () => {
    const page = readFileSync(join(__dirname, '../../../ARCHITECTURE.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)`, (JWT|opaque) +\| (\d+) +\| (\d+)/gm)];
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const [row, grant, type, asked, stated] of rows) {
      const counted = COSTS.find((cost) => cost[0] === grant && cost[1] === type?.toLowerCase());
      expect({ row, asked, stated }).toEqual({
        row,
        asked: String(counted?.[2].length),
        stated: String(counted?.[3].length),
      });
    }
  });
});
