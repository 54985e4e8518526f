import {
  ADMIN_ROLE,
  ADMIN_SCOPE,
  CLI_CONSUMER_KEY,
  LOGIN_CONSUMER_KEY,
  MANAGEMENT_SCOPE,
  OPERATOR_ROLE,
  OWN_SCOPES,
  PUBLISHER_ROLE,
  PUBLISHER_SCOPE,
  ROOT_ORGANIZATION,
  ServiceError,
  type Client,
} from '@keyward/contracts';
import type { User } from './grants/grant';
import { OPENID_SCOPES } from './openid/scopes';
import type { Catalog } from './scopes/catalog';

type ScopedClient = Pick<Client, 'clientId' | 'organizationId'>;
type ScopedUser = Pick<User, 'organization' | 'roles'>;

/** What is granted when nothing else is left, as API Manager's clients expect. */
export const DEFAULT_SCOPE = 'default';

/** RFC 6749 §3.3: scope-token *( SP scope-token ). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** The scopes of the `scope` parameter, each once, in the order asked. Errors: `invalid_scope` (TE-08). */
export function parseScope(scope: string | undefined): string[] | undefined {
  if (!scope) return undefined;
  if (!SCOPE.test(scope)) throw new ServiceError('invalid_scope', 'The scope parameter is malformed');
  return [...new Set(scope.split(' '))];
}

/**
 * What of the scopes asked for is granted: never more than client and user may have. The rest is dropped and the answer
 * tells what was granted (RFC 6749 §3.3); `strict` refuses it with `invalid_scope` instead.
 */
export function grantScope(
  asked: string[] | undefined,
  client: Client,
  user: ScopedUser | undefined,
  catalog: Pick<Catalog, 'allows'>,
  strict = false,
): string {
  const granted = (asked ?? []).filter(
    (scope) => isGrantable(scope, client, user) || (!isOwn(scope) && catalog.allows(scope, client, user)),
  );
  if (strict && asked && granted.length < asked.length)
    throw new ServiceError('invalid_scope', 'A requested scope is unknown or not allowed');
  return granted.join(' ') || DEFAULT_SCOPE;
}

/** The platform's own, which no API can define. */
const isOwn = (scope: string): boolean => scope.startsWith('keyward:') || OWN_SCOPES.includes(scope);

/** Whether a user may have a scope of the platform's own through a client, as both are now. */
export function isGrantable(scope: string, client: ScopedClient, user: ScopedUser | undefined): boolean {
  if (OPENID_SCOPES.includes(scope)) return user !== undefined;
  return scope === DEFAULT_SCOPE || (MANAGEMENT.includes(scope) && mayManage(scope, client, user));
}

/** Whether it is the client of the operator's scripts. */
export const isOperators = ({ clientId, organizationId }: ScopedClient): boolean =>
  clientId === CLI_CONSUMER_KEY && organizationId === ROOT_ORGANIZATION.id;

const MANAGEMENT = [MANAGEMENT_SCOPE, ADMIN_SCOPE, PUBLISHER_SCOPE];

/**
 * RO-07: management scopes go through the platform's own clients alone. An operator of `root` has all of it; of every other
 * organization an admin, or of its APIs a publisher, what is its own, and never by password.
 */
function mayManage(scope: string, client: ScopedClient, user: ScopedUser | undefined): boolean {
  if (!user) return false;
  const { organization, roles } = user;
  const byLogin = client.clientId === LOGIN_CONSUMER_KEY && client.organizationId === ROOT_ORGANIZATION.id;
  if (organization.id === ROOT_ORGANIZATION.id)
    return scope === MANAGEMENT_SCOPE && (byLogin || isOperators(client)) && roles.includes(OPERATOR_ROLE);
  const givenBy = { [ADMIN_SCOPE]: [ADMIN_ROLE], [PUBLISHER_SCOPE]: [ADMIN_ROLE, PUBLISHER_ROLE] }[scope] ?? [];
  return byLogin && givenBy.some((role) => roles.includes(role));
}
