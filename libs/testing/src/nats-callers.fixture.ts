import * as contracts from '@keyward/contracts';
import type { EventMessage, Feed, Rpc } from '@keyward/contracts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './deployment';

export const SERVICES = ['gateway', 'token', 'directory', 'key-manager', 'catalog'] as const;
export type Service = (typeof SERVICES)[number];
type AnyFeed = Feed<object>;
type Message = Rpc<object, object> | EventMessage<object>;
type Exported = keyof typeof contracts;

/** Who calls what by its name in the contracts. Whatever is not here, nats.conf refuses. */
export const CALLS: Record<Service, readonly Exported[]> = {
  gateway: [
    ...(['checkOrigin', 'createTrustedIssuer', 'listTrustedIssuers', 'findTrustedIssuer'] as const),
    ...(['updateTrustedIssuer', 'deleteTrustedIssuer', 'getIssuerKeys', 'linkUser', 'unlinkUser'] as const),
    ...(['registerClient', 'readRegistration', 'replaceRegistration', 'endRegistration'] as const),
    ...(['listRegistrations', 'findRegistration', 'proveClientOwner', 'registerOwnedClient'] as const),
    ...(['createInitialAccessToken', 'listInitialAccessTokens', 'revokeInitialAccessToken'] as const),
    ...(['issueToken', 'revokeToken', 'introspectToken', 'verifyBearer', 'readAccessToken'] as const),
    'useDpopProof',
    'listApplicationUsers',
    ...(['authorizeDevice', 'openDevicePage', 'signInForDevice', 'decideDevice'] as const),
    'pushRequest',
    ...(['authorize', 'signIn', 'giveConsent', 'findSession', 'endSessions'] as const),
    ...(['listLogoutNotices', 'retryLogoutNotice', 'dropLogoutNotice'] as const),
    ...(['listSessions', 'listConsents', 'withdrawConsent', 'forgetClients', 'getUserInfo', 'signOut'] as const),
    ...(['createOrganization', 'listOrganizations', 'findOrganization', 'updateOrganization'] as const),
    ...(['createUser', 'listUsers', 'findUser', 'updateUser', 'unlockUser', 'endGrants'] as const),
    ...(['resetPassword', 'deleteUser'] as const),
    ...(['createApplication', 'listApplications', 'findApplication', 'updateApplication'] as const),
    ...(['deleteApplication', 'generateKey', 'listKeys', 'findKey', 'updateKey', 'rotateSecret'] as const),
    ...(['findBranding', 'setBranding'] as const),
    ...(['createRole', 'listRoles', 'findRole', 'updateRole', 'deleteRole'] as const),
    ...(['listMembers', 'assignRole', 'unassignRole'] as const),
    ...(['createApi', 'importApi', 'listApis', 'findApi', 'updateApi', 'copyApi', 'changeApiState'] as const),
    ...(['deleteApi', 'createScope', 'listScopes', 'findScope', 'updateScope', 'deleteScope'] as const),
    ...(['createPlan', 'listPlans', 'findPlan', 'updatePlan', 'deletePlan'] as const),
    ...(['subscribe', 'listSubscriptions', 'findSubscription', 'updateSubscription'] as const),
    ...(['unsubscribe', 'forgetApplication', 'findApplicationPlan', 'updateApplicationPlan', 'leaseQuota'] as const),
    ...(['recordUsage', 'queryUsage'] as const),
    ...(['createDenyRule', 'listDenyRules', 'findDenyRule', 'updateDenyRule', 'deleteDenyRule'] as const),
    ...(['generateApiKey', 'listApiKeys', 'findApiKey', 'updateApiKey', 'deleteApiKey'] as const),
    ...(['signBackendToken', 'nameUsers', 'getProfile'] as const),
    ...([
      'deleteKey',
      'getJwks',
      'listSigningKeys',
      'rotateSigningKey',
      'revokeSigningKey',
      'endRefreshFamilies',
    ] as const),
    ...(['describeKeyEncryption', 'rewrap'] as const),
  ],
  token: [
    ...(['assertClient', 'verifyGrantAssertion', 'authenticateClient', 'checkClient', 'findRelyingParty'] as const),
    ...(['authenticateUser', 'checkUser', 'getProfile', 'nameUsers', 'getJwks', 'signJwt'] as const),
    ...(['findPairwiseNames'] as const),
  ],
  directory: [],
  'key-manager': [],
  catalog: [],
};
/** Who follows which feed: with its records, or, for a cache, its changes alone. */
const FOLLOWS: Record<Service, readonly { feed: Exported; records: boolean }[]> = {
  gateway: [
    { feed: 'organizations', records: true },
    { feed: 'tokenRevocations', records: true },
    { feed: 'userRevocations', records: true },
    { feed: 'clientRevocations', records: true },
    { feed: 'apis', records: true },
    { feed: 'subscriptions', records: true },
    { feed: 'apiKeys', records: true },
    { feed: 'trustedIssuers', records: true },
    { feed: 'plans', records: true },
    { feed: 'applicationPlans', records: true },
    { feed: 'denyRules', records: true },
    { feed: 'consumerKeyChanges', records: true },
  ],
  // Of its own revocations it asks its database.
  token: [
    { feed: 'organizations', records: true },
    { feed: 'userRevocations', records: true },
    { feed: 'clientRevocations', records: true },
    { feed: 'apis', records: true },
    { feed: 'scopes', records: true },
    { feed: 'subscriptions', records: true },
  ],
  directory: [],
  'key-manager': [
    { feed: 'consumerKeyChanges', records: false },
    { feed: 'signingKeyChanges', records: false },
  ],
  catalog: [],
};

const isFeed = (value: unknown): value is AnyFeed =>
  typeof value === 'object' && value !== null && 'heartbeat' in value;
const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'subject' in value;
const isEvent = (message: Message): message is EventMessage<object> => 'payload' in message;
const messageOf = (name: Exported) => contracts[name] as unknown as Message;
const feedOf = (name: Exported) => contracts[name] as unknown as AnyFeed;
export const ownerOf = ({ subject }: Message) => subject.split('.')[0] as Service;

export const MESSAGES = Object.values(contracts as Record<string, unknown>).flatMap((value) =>
  isFeed(value) ? Object.values(value).filter(isMessage) : isMessage(value) ? [value] : [],
);

/** The subjects of the requests that a service sends. */
export const asks = (service: Service): string[] => [
  ...CALLS[service].map((name) => messageOf(name).subject),
  ...FOLLOWS[service].flatMap(({ feed, records }) => {
    const { position, since, snapshot } = feedOf(feed);
    return [since.subject, (records ? snapshot : position).subject];
  }),
];
/** The subjects of the events that a service hears of others. */
const hears = (service: Service): string[] =>
  FOLLOWS[service].flatMap(({ feed }) => [feedOf(feed).changed.subject, feedOf(feed).heartbeat.subject]);
export const sendersOf = (message: Message): Service[] =>
  isEvent(message) ? [ownerOf(message)] : SERVICES.filter((service) => asks(service).includes(message.subject));
export const hearersOf = (message: Message): Service[] =>
  SERVICES.filter((service) => service === ownerOf(message) || hears(service).includes(message.subject));

/** The requests that a service's code imports and does not serve: so it sends them. Feeds are followed by the libraries. */
export function calledByCode(service: Service): string[] {
  const calls = new Set<string>();
  const source = join(ROOT, 'apps', service, 'src');
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || /\.(spec|fixture)\.ts$/.test(file)) continue;
    const code = readFileSync(join(source, file), 'utf8');
    for (const [, names = ''] of code.matchAll(/import \{([^}]*)\} from '@keyward\/contracts'/g))
      for (const imported of names.split(',')) {
        const [name = '', alias = name] = imported.trim().split(' as ');
        const value: unknown = (contracts as Record<string, unknown>)[name];
        if (isMessage(value) && !code.includes(`@Handle(${alias})`)) calls.add(name);
      }
  }
  return [...calls].sort();
}
