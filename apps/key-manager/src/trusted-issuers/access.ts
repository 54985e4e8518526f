import { ServiceError, type IssuerAccess } from '@keyward/contracts';
import { In, type EntityManager } from 'typeorm';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';

/** What an issuer's access tokens are to open, as it is kept. Throws `invalid_request` for what means two things, or nothing here. */
export async function accessFrom(
  manager: EntityManager,
  organizationId: string,
  { audience, clientClaim, scopeClaim, anyType, clients, scopes }: IssuerAccess,
): Promise<IssuerAccess> {
  assertOnce('client', clients.map(({ client }) => client)); // prettier-ignore
  assertOnce('scope', scopes.map(({ scope }) => scope)); // prettier-ignore
  const keys = [...new Set(clients.map(({ consumerKey }) => consumerKey))];
  const known = await manager.countBy(ConsumerKeyEntity, { organizationId, consumerKey: In(keys) });
  if (known < keys.length) throw invalid('access names a consumer key that the organization does not have');
  return {
    ...{
      audience,
      ...(clientClaim && { clientClaim }),
      ...(scopeClaim && { scopeClaim }),
      ...(anyType && { anyType }),
    },
    clients: clients.map(({ client, consumerKey }) => ({ client, consumerKey })),
    scopes: scopes.map(({ scope, as }) => ({ scope, as })),
  };
}

function assertOnce(what: string, names: string[]): void {
  if (new Set(names).size < names.length) throw invalid(`access names a ${what} twice`);
  if (names.some((name) => name.includes('\0'))) throw invalid(`a ${what} must not have NUL in it`);
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
