import { ServiceError, type FindRegistration, type NameRegistration } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { isSame } from './access-token';
import { RegistrationEntity } from './registration.entity';

/** A client and what is registered of it, kept from others that would change it. */
export interface Registered {
  key: ConsumerKeyEntity;
  registration: RegistrationEntity;
}

/**
 * The client that a registration access token is for. Throws `invalid_token`, one for every cause: RFC 7592 §2.1 wants it for
 * clients that are gone too.
 */
export async function provenClient(manager: EntityManager, request: NameRegistration): Promise<Registered> {
  const registration = await registrationOf(manager, request);
  const hash = registration?.accessTokenHash;
  const key = registration && (await manager.findOneBy(ConsumerKeyEntity, keyOf(registration)));
  if (!registration || !hash || !isSame(request.accessToken, hash) || key?.state !== 'active')
    throw new ServiceError('invalid_token', 'the registration access token is not of this client');
  return { key, registration };
}

/** As an administrator names it. Throws `not_found`. */
export async function namedRegistration(manager: EntityManager, request: FindRegistration): Promise<Registered> {
  const registration = await registrationOf(manager, request);
  const key = registration && (await manager.findOneBy(ConsumerKeyEntity, keyOf(registration)));
  if (!registration || !key) throw new ServiceError('not_found', 'no client of this name has registered itself');
  return { key, registration };
}

const registrationOf = (manager: EntityManager, { organizationId, clientId: consumerKey }: FindRegistration) =>
  consumerKey.includes('\0')
    ? null
    : manager.findOne(RegistrationEntity, {
        where: { organizationId, consumerKey },
        lock: { mode: 'pessimistic_write' },
      });

const keyOf = ({ organizationId, consumerKey }: RegistrationEntity) => ({ organizationId, consumerKey });
