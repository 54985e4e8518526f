import type { ReplaceRegistration } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { ApplicationEntity } from '../applications/application.entity';
import { hasSecret } from '../client-keys/proof';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { newConsumerSecret, sameMac, type SecretMacs } from '../consumer-keys/consumer-secret';
import { settingsFrom } from '../consumer-keys/key-settings';
import { addSecret, retireSecrets, validSecrets } from '../consumer-keys/secrets';
import { assertListed, type SectorDocument } from '../sectors/sector-documents';
import type { Registered } from './find-registration';
import { readMetadata } from './metadata';
import { applicationName, type MadeClient } from './new-client';
import { RegistrationEntity } from './registration.entity';
import { asMetadataError, invalidMetadata, textOf } from './values';

/** What a change is made with. */
interface By {
  /** Of the access token that takes the place of the one used. */
  accessTokenHash: Buffer;
  macs: SecretMacs;
  now: number;
  /** Of the sector that the new metadata names. */
  sector?: SectorDocument;
}

/**
 * Puts other metadata in the place of all that was registered (RFC 7592 §2.2); what an administrator has set beside stays, but
 * for the trust in a client that anyone could register. Throws `invalid_client_metadata`, `invalid_redirect_uri`.
 */
export async function replaceClient(
  manager: EntityManager,
  before: Registered,
  { metadata, highAssurance }: Pick<ReplaceRegistration, 'metadata' | 'highAssurance'>,
  by: By,
): Promise<MadeClient> {
  await assertItself(manager, before.key, metadata, by);
  const { about, settings } = readMetadata(metadata, { by: before.registration.registeredBy, highAssurance });
  const withoutProof = { ...before.key, jwks: null, jwksUri: null, certificateSubject: null };
  const changes = await asMetadataError(() => settingsFrom(withoutProof, settings, before.key.public));
  await asMetadataError(() => assertListed(changes, by.sector));
  const { organizationId, consumerKey } = before.key;
  const key = { ...before.key, ...changes };
  await manager.update(ConsumerKeyEntity, { organizationId, consumerKey }, changes);
  await rename(manager, before, about['client_name']?.toString());
  const clientSecret = await secretFor(manager, before.key, key, by);
  const { accessTokenHash } = by;
  const registered = { about, accessTokenHash };
  await manager.update(RegistrationEntity, { organizationId, consumerKey }, registered);
  return { key, registration: { ...before.registration, ...registered }, clientSecret };
}

/** RFC 7592 §2.2: it names itself, and a secret only if that is its own. */
async function assertItself(
  manager: EntityManager,
  key: ConsumerKeyEntity,
  metadata: ReplaceRegistration['metadata'],
  { macs, now }: By,
): Promise<void> {
  if (textOf(metadata, 'client_id') !== key.consumerKey) throw invalidMetadata('client_id must be that of the client');
  const secret = textOf(metadata, 'client_secret');
  if (secret === undefined) return;
  const mac = macs.of(key.consumerKey, secret);
  const its = await validSecrets(manager, key, now);
  if (!its.some((valid) => sameMac(valid.mac, mac)))
    throw invalidMetadata('client_secret must be that of the client, or left out');
}

/** An application that an administrator has given another name keeps it. */
async function rename(manager: EntityManager, { key, registration }: Registered, name?: string): Promise<void> {
  const before = applicationName(registration.about['client_name']?.toString(), key.consumerKey);
  const its = { organizationId: key.organizationId, id: key.applicationId, name: before };
  await manager.update(ApplicationEntity, its, { name: applicationName(name, key.consumerKey) });
}

/** A new one where it now proves itself by a secret; none where it no longer does. */
async function secretFor(
  manager: EntityManager,
  before: ConsumerKeyEntity,
  after: ConsumerKeyEntity,
  { macs, now }: By,
): Promise<string | undefined> {
  const had = hasSecret(before.tokenEndpointAuthMethod);
  const has = hasSecret(after.tokenEndpointAuthMethod);
  if (had && !has) await retireSecrets(manager, after, 0, now);
  if (had || !has) return undefined;
  const clientSecret = newConsumerSecret();
  await addSecret(manager, after, macs.of(after.consumerKey, clientSecret), now);
  return clientSecret;
}
