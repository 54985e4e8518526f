import { CLI_CONSUMER_KEY, MANAGEMENT_SCOPE, OPERATOR_ROLE, ROOT_ORGANIZATION, type Client } from '@keyward/contracts';
import type { User } from './grants/grant';
import { grantScope, parseScope } from './scope';
import { ScopeTable } from './scopes/scope-table';

const root = {
  ...ROOT_ORGANIZATION,
  name: 'root',
  state: 'active',
  passwordGrant: true,
  pkce: 'all',
  compatibilityProfile: 'rfc',
  highAssurance: false,
  clientRegistration: 'closed',
  dpopNonce: false,
  createdAt: '',
} as const;
const other = { ...root, id: '019a0000-0000-7000-8000-000000000002', key: 'johnsorg' } as const;
const cli = { clientId: CLI_CONSUMER_KEY, organizationId: root.id } as Client;
const operator: User = { sub: 'u', organization: root, roles: [OPERATOR_ROLE], authTime: 0, amr: ['pwd'] };

/** No API of anybody. */
const none = new ScopeTable();

describe('TE-08 the scope parameter', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['read', ['read']],
    ['read write', ['read', 'write']],
    ['read write read', ['read', 'write']],
    ['!#[]~', ['!#[]~']],
  ])('TE-08 %j asks for %j', (scope, asked) => {
    expect(parseScope(scope)).toEqual(asked);
  });

  it.each([
    'read  write',
    ' read',
    'read ',
    ' ',
    'a\tb',
    'a\nb',
    'a"b',
    'a\\b',
    'caf\u00e9',
    'a\u007f',
    'a\0',
    'a\u00a0b',
  ])('TE-08 %j is malformed', (scope) => {
    expect(() => parseScope(scope)).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
  });

  it('TE-08 reads the longest that a form may hold in linear time', () => {
    expect(parseScope('a '.repeat(30_000) + 'b')).toEqual(['a', 'b']);
    expect(() => parseScope('a '.repeat(30_000))).toThrow();
  });
});

describe('TE-08 what is granted', () => {
  it.each([
    ['nothing', undefined, 'default'],
    ['what nobody knows', ['read', 'write'], 'default'],
    ['the default by its name', ['default'], 'default'],
    ['management by an operator', [MANAGEMENT_SCOPE], MANAGEMENT_SCOPE],
    ['management and more', ['read', MANAGEMENT_SCOPE, 'default'], `${MANAGEMENT_SCOPE} default`],
    ['a part of its name', ['keyward:manag', 'keyward', 'KEYWARD:MANAGE'], 'default'],
  ])('TE-08 for %s', (_, asked, granted) => {
    expect(grantScope(asked, cli, operator, none)).toBe(granted);
  });

  it('TE-08 is refused in strict mode when a scope would be dropped', () => {
    expect(() => grantScope(['read'], cli, operator, none, true)).toThrow(
      expect.objectContaining({ code: 'invalid_scope' }),
    );
    expect(grantScope([MANAGEMENT_SCOPE, 'default'], cli, operator, none, true)).toBe(`${MANAGEMENT_SCOPE} default`);
    expect(grantScope(undefined, cli, operator, none, true)).toBe('default');
  });

  it.each<[string, Partial<Client>, User | undefined]>([
    ['another client of root', { clientId: 'another' }, operator],
    ['a client of another organization with that name', { organizationId: other.id }, operator],
    ['a user of another organization', {}, { ...operator, organization: other }],
    ['a user without the role', {}, { ...operator, roles: ['Operator', 'admin'] }],
    ['the client itself', {}, undefined],
  ])('RO-07 management is not for %s', (_, client, user) => {
    expect(grantScope([MANAGEMENT_SCOPE], { ...cli, ...client }, user, none)).toBe('default');
  });

  it('RO-07 TE-08 a scope of the platform is not granted, whatever the catalog would say', () => {
    const all = { allows: () => true };
    expect(
      grantScope([MANAGEMENT_SCOPE, 'keyward:other', 'offline_access'], { ...cli, clientId: 'x' }, undefined, all),
    ).toBe('default');
    expect(grantScope(['read', 'write'], cli, operator, all)).toBe('read write');
  });
});
