import { randomUUID } from 'node:crypto';
import type { GenerateKey } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { ApplicationEntity } from '../applications/application.entity';
import { hasSecret } from '../client-keys/proof';
import type { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { newConsumerSecret, type SecretMacs } from '../consumer-keys/consumer-secret';
import { insertKey } from '../consumer-keys/generate-key';
import { newConsumerKey } from '../consumer-keys/new-consumer-key';
import { addSecret } from '../consumer-keys/secrets';
import type { SectorDocument } from '../sectors/sector-documents';
import type { Admission } from './admission';
import { RegistrationEntity } from './registration.entity';
import { asMetadataError } from './values';

/** A client to be made, as somebody registers it. */
export interface NewClient extends Pick<RegistrationEntity, 'about' | 'owner' | 'ownedName' | 'accessTokenHash'> {
  organizationId: string;
  /** What people are shown, with something beside that tells it from others of the name. */
  name: string | undefined;
  kind: GenerateKey['kind'];
  settings: Partial<GenerateKey>;
  sector?: SectorDocument;
}

export interface MadeClient {
  key: ConsumerKeyEntity;
  registration: RegistrationEntity;
  clientSecret?: string;
}

/** No name of its own makes a client look like one that an administrator has made. */
export const applicationName = (name: string | undefined, consumerKey: string): string =>
  `${name?.slice(0, 80) ?? 'Registered client'} (${consumerKey.slice(0, 8)})`;

/** Makes a client that registers itself, in an application of its own. Throws `invalid_client_metadata`. */
export async function insertClient(
  manager: EntityManager,
  macs: SecretMacs,
  { organizationId, name, kind, settings, sector, ...registered }: NewClient,
  { by, tokenId, addressSlot }: Admission,
  now: number,
): Promise<MadeClient> {
  const [consumerKey, id, createdAt] = [newConsumerKey(), randomUUID(), new Date(now)];
  await manager.insert(ApplicationEntity, {
    ...{ organizationId, id, name: applicationName(name, consumerKey), createdAt },
    ...{ multiOrganization: false, strictScopes: false },
  });
  const key = await asMetadataError(() =>
    insertKey(manager, { ...settings, organizationId, application: id, kind, consumerKey }, now, sector),
  );
  const clientSecret = hasSecret(key.tokenEndpointAuthMethod) ? newConsumerSecret() : undefined;
  if (clientSecret !== undefined) await addSecret(manager, key, macs.of(consumerKey, clientSecret), now);
  const registration: RegistrationEntity = {
    ...{ organizationId, consumerKey, registeredBy: by, tokenId },
    ...{ ...registered, addressSlot, createdAt },
  };
  await manager.insert(RegistrationEntity, registration);
  return { key, registration, clientSecret };
}
