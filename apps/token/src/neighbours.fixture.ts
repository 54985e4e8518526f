import { openWire, type Wire } from '@keyward/bus';
import {
  apis,
  authenticateClient,
  authenticateUser,
  checkClient,
  checkUser,
  clientRevocations,
  findRelyingParty,
  CLI_CONSUMER_KEY,
  getJwks,
  organizations as feed,
  ROOT_ORGANIZATION,
  scopes,
  signJwt,
  subscriptions,
  userRevocations,
  type ApiRoute,
  type AuthenticateClient,
  type AuthenticateUser,
  type Client,
  type Feed,
  type Organization,
  type Rpc,
  type SignJwt,
  type Subject,
} from '@keyward/contracts';
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult } from 'jose';
import { inSeconds, type Clock } from './clock';

const organization = (id: string, key: string, more: Partial<Organization> = {}): Organization => ({
  ...{ id, key, name: key, state: 'active', passwordGrant: true, pkce: 'all', compatibilityProfile: 'rfc' },
  ...{
    highAssurance: false,
    clientRegistration: 'closed',
    dpopNonce: false,
    createdAt: '2026-01-01T00:00:00Z',
    ...more,
  },
});

/** Of every client that signs in users on pages. */
export const REDIRECT_URI = 'https://app.example/callback';

export const root = organization(ROOT_ORGANIZATION.id, ROOT_ORGANIZATION.key);
export const johns = organization('019a0000-0000-7000-8000-00000000000a', 'johnsorg');
export const marys = organization('019a0000-0000-7000-8000-00000000000b', 'marysorg');
export const closed = organization('019a0000-0000-7000-8000-00000000000c', 'closedorg', { state: 'suspended' });
export const strict = organization('019a0000-0000-7000-8000-00000000000d', 'strictorg', { passwordGrant: false });

const client = (clientId: string, organizationId: string, more: Partial<Client> = {}): Client => ({
  ...{ clientId, organizationId, applicationId: organizationId, kind: 'production', tokenType: 'jwt', public: false },
  grantTypes: ['password', 'client_credentials', 'refresh_token'],
  ...{ multiOrganization: false, strictScopes: false, rotateRefreshTokens: true, accessTokenPolicy: 'new' },
  subjectType: 'public',
  ...{ method: more.public ? 'none' : 'client_secret_basic', tokenBinding: 'none', tokensFrom: 0, ...more },
});

/** Every confidential one has the secret `<clientId>-secret`. */
const CLIENTS = [
  client('johns', johns.id),
  client('johns-other', johns.id),
  client('johns-opaque', johns.id, { tokenType: 'opaque' }),
  client('johns-strict', johns.id, { strictScopes: true }),
  client('johns-keeping', johns.id, { rotateRefreshTokens: false, accessTokenLifetime: 120 }),
  client('johns-plain', johns.id, { grantTypes: ['password'], passwordGrantSunset: '2999-01-01T00:00:00Z' }),
  client('johns-sunset', johns.id, { passwordGrantSunset: '2020-01-01T00:00:00Z' }),
  client('johns-public', johns.id, { public: true }),
  client('johns-saas', johns.id, { multiOrganization: true }),
  client('johns-pages', johns.id, { grantTypes: ['authorization_code', 'refresh_token'] }),
  client('johns-device', johns.id, {
    public: true,
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  }),
  client('johns-strict-device', johns.id, {
    strictScopes: true,
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
  }),
  client('marys', marys.id),
  client('closed', closed.id),
  client('strict', strict.id),
  client('nowhere', '019a0000-0000-7000-8000-0000000000ee'),
  client(CLI_CONSUMER_KEY, root.id, { strictScopes: true }),
];

/** A user of one organization, whose password is `<sub>-password`. */
export interface Person extends Subject {
  organizationId: string;
}
const person = (sub: string, username: string, organizationId: string, roles: string[] = []): Person => ({
  ...{ sub, username, organizationId, roles, credentialsChangedAt: 0 },
});

/**
 * The services that the token service calls, reduced to what they answer: it is they who are at the other end of the wire
 * in these specs, because the real ones are tested beside it in the end-to-end suite.
 */
export async function startNeighbours(url: string, clock: Clock) {
  const clients = [...CLIENTS];
  const people = [
    person('019b0000-0000-7000-8000-000000000001', 'john', johns.id),
    person('019b0000-0000-7000-8000-000000000002', 'john', marys.id),
    person('019b0000-0000-7000-8000-000000000003', 'admin', root.id, ['operator']),
    person('019b0000-0000-7000-8000-000000000004', 'john', strict.id),
    person('019b0000-0000-7000-8000-000000000005', 'clerk', johns.id, ['Clerk']),
    person('019b0000-0000-7000-8000-000000000006', 'clerk', marys.id, ['clerk']),
  ];
  const keys = new Map<string, GenerateKeyPairResult>();
  for (const { id } of [root, johns, marys]) keys.set(id, await generateKeyPair('ES256', { extractable: true }));
  const asked: { subject: string; request: object }[] = [];
  const wires: Wire[] = [];

  async function answer(name: string, answers: Answer[]) {
    const wire = await openWire({ url, name });
    wires.push(wire);
    for (const { subject, respond } of answers)
      wire.respond(subject, name, async (request) => {
        asked.push({ subject, request: request as object });
        const ok = await respond(request as object);
        return ok === undefined ? { error: refusals[subject] ?? { code: 'server_error' } } : { ok };
      });
  }
  const keysOf = ({ organizationId }: { organizationId: string }) => {
    const pair = keys.get(organizationId);
    if (!pair) throw new Error('no keys');
    return pair;
  };

  await answer('key-manager', [
    to(authenticateClient, ({ credentials, organizationId }) => findClient(clients, credentials, organizationId)),
    to(findRelyingParty, ({ clientId, organizationId }) => {
      const known = clients.find(
        (one) => one.clientId === clientId && one.organizationId === (organizationId ?? one.organizationId),
      );
      const uris = {
        redirectUris: [REDIRECT_URI],
        postLogoutRedirectUris: [],
        idTokenSignedResponseAlg: 'RS256' as const,
        requirePushedAuthorizationRequests: false,
        trusted: true,
      };
      return known && { client: known, name: known.clientId, applicationType: 'web', ...uris };
    }),
    to(checkClient, ({ organizationId, clientId }) =>
      clients.find((one) => one.organizationId === organizationId && one.clientId === clientId),
    ),
    to(signJwt, async (request) => ({ jwt: await sign(request, keysOf(request)) })),
    to(getJwks, async (request) => ({ keys: [await publicKey(keysOf(request))] })),
    ...following(clientRevocations),
  ]);
  const all = [root, johns, marys, closed, strict];
  await answer('directory', [
    to(authenticateUser, (attempt) => {
      const proven = people.find((one) => isProven(one, attempt));
      return proven && { ...proven, authTime: Math.max(inSeconds(clock.now()), proven.credentialsChangedAt) };
    }),
    to(checkUser, (named) =>
      people.find((one) => one.organizationId === named.organizationId && one.sub === named.sub),
    ),
    ...following(feed, withIds(all)),
    ...following(userRevocations),
  ]);
  await answer('catalog', [
    ...following(apis, withIds([ORDERS])),
    ...following(
      subscriptions,
      withIds([{ id: 's', organizationId: johns.id, applicationId: johns.id, apiId: 'orders', state: 'UNBLOCKED' }]),
    ),
    ...following(
      scopes,
      withIds([
        { id: 'read', organizationId: johns.id, name: 'orders:read', roles: [] },
        { id: 'update', organizationId: johns.id, name: 'orders:update', roles: ['clerk'] },
      ]),
    ),
  ]);
  return { clients, people, keys, asked, close: () => Promise.all(wires.map((wire) => wire.close())) };
}

/** An API of `johnsorg`, to which the application of all its clients here subscribes. */
const ORDERS: ApiRoute = {
  ...{ id: 'orders', organizationId: johns.id, name: 'orders', version: '1', context: '/orders', isDefault: false },
  ...{ state: 'PUBLISHED', visibility: 'organization', upstreams: {}, backendToken: false, subscriptionRequired: true },
  resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: ['orders:read', 'orders:update'] }],
};

const withIds = <R extends { id: string }>(records: R[]): { id: string; record: R }[] =>
  records.map((record) => ({ id: record.id, record }));

interface Answer {
  subject: string;
  /** `undefined` refuses. */
  respond: (request: object) => unknown;
}
const to = <Req extends object>({ subject }: Rpc<Req, object>, respond: (request: Req) => unknown): Answer => ({
  subject,
  respond: respond as Answer['respond'],
});

/** A feed of which nothing changes. */
const following = <R extends object>(feed: Feed<R>, records: { id: string; record: R }[] = []): Answer[] => [
  to(feed.position, () => ({ position: 1 })),
  to(feed.since, () => ({ changes: [], more: false, gone: false })),
  to(feed.snapshot, () => ({ position: 1, more: false, records })),
];

/** In words of their own: the token service answers in its. */
const refusals: Record<string, { code: 'invalid_client' | 'invalid_grant'; description: string }> = {
  [authenticateClient.subject]: { code: 'invalid_client', description: 'no such client' },
  [findRelyingParty.subject]: { code: 'invalid_client', description: 'no such client' },
  [checkClient.subject]: { code: 'invalid_client', description: 'no such client' },
  [authenticateUser.subject]: { code: 'invalid_grant', description: 'wrong password' },
  [checkUser.subject]: { code: 'invalid_grant', description: 'no such user' },
};

function findClient(
  clients: Client[],
  credentials: AuthenticateClient['credentials'],
  organizationId?: string,
): Client | undefined {
  return clients
    .filter((known) => !organizationId || known.organizationId === organizationId)
    .find((known) =>
      credentials.some(
        ({ clientId, clientSecret }) =>
          clientId === known.clientId && clientSecret === (known.public ? undefined : `${clientId}-secret`),
      ),
    );
}

const isProven = (person: Person, { organizationId, username, password, refuse }: AuthenticateUser): boolean =>
  !refuse &&
  person.organizationId === organizationId &&
  person.username === username &&
  password === `${person.sub}-password`;

async function sign({ claims, type }: SignJwt, keys: GenerateKeyPairResult): Promise<string> {
  const { kid } = await publicKey(keys);
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: type, kid }).sign(keys.privateKey);
}

async function publicKey(keys: GenerateKeyPairResult) {
  const jwk = await exportJWK(keys.publicKey);
  return { ...jwk, kid: `kid-${jwk.x}`, use: 'sig', alg: 'ES256' };
}
