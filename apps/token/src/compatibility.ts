import { ServiceError, type Organization } from '@keyward/contracts';
import type { Catalog } from './scopes/catalog';

type Profiled = Pick<Organization, 'compatibilityProfile'>;

/** Where an organization's clients rely on habits that no standard knows. */
const isCompatible = ({ compatibilityProfile }: Profiled): boolean => compatibilityProfile !== 'rfc';

/** Names one of a user's devices, so that it has tokens of its own. It opens nothing: no API can require it. */
const DEVICE_SCOPE = /^device_./;

/** The scopes of APIs, and those of devices, which are granted as they are asked for. */
export const withDevices = (catalog: Pick<Catalog, 'allows'>, organization: Profiled): Pick<Catalog, 'allows'> =>
  isCompatible(organization)
    ? { allows: (scope, client, user) => DEVICE_SCOPE.test(scope) || catalog.allows(scope, client, user) }
    : catalog;

/** What an application's own token says before the scopes it was granted. */
const APPLICATION_SCOPE = 'am_application_scope';

/** The scope of an application's own token. */
export const applicationScope = (granted: string, organization: Profiled): string =>
  isCompatible(organization) ? `${APPLICATION_SCOPE} ${granted}` : granted;

/** Seconds; what was revoked is remembered no longer. */
const LONGEST = 86_400;

/**
 * Seconds that an application asks its own token to last, at most a day, which is also what "for ever" (a negative number)
 * gives; `undefined` when it does not ask. Errors: `invalid_request`.
 */
export function validityAsked(asked: string | undefined, organization: Profiled): number | undefined {
  if (asked === undefined || !isCompatible(organization)) return undefined;
  if (!/^(-[1-9]|[1-9])\d{0,17}$/.test(asked))
    throw new ServiceError('invalid_request', 'validity_period must be a whole number of seconds but 0');
  return asked.startsWith('-') ? LONGEST : Math.min(Number(asked), LONGEST);
}
