import { CLI_CONSUMER_KEY, ServiceError, type AuthMethod, type GenerateKey } from '@keyward/contracts';
import { isDuplicate } from '@keyward/database';
import type { EntityManager } from 'typeorm';
import { findApplication } from '../applications/find-application';
import { hasSecret } from '../client-keys/proof';
import { ConsumerKeyEntity } from './consumer-key.entity';
import { assertStrong } from './consumer-secret';
import { assertListed, type SectorDocument } from '../sectors/sector-documents';
import { defaultSettings, settingsFrom } from './key-settings';
import { newConsumerKey } from './new-consumer-key';
import { mayBegin } from './revoked-keys';

/** How a client that is asked for will prove itself. Throws `invalid_request` when that is said in two ways. */
export function methodOf({ public: isPublic, tokenEndpointAuthMethod: method }: Partial<GenerateKey>): AuthMethod {
  if (method && isPublic !== undefined && isPublic !== (method === 'none'))
    throw invalid('a public client is one with tokenEndpointAuthMethod none');
  return method ?? (isPublic ? 'none' : 'client_secret_basic');
}

const MOST_KEYS = 50;

/** A user's id has this form, and `sub` must not be able to mean both (CC-03). */
const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Refuses a pair to import that is incomplete, weak, or of a name that means something else. Throws `invalid_request`. */
export function assertImportable({ consumerKey, consumerSecret, ...asked }: GenerateKey): void {
  const keepsSecret = hasSecret(methodOf(asked));
  if (!keepsSecret && consumerSecret) throw invalid('a client of this kind has no secret');
  if (keepsSecret && !consumerKey !== !consumerSecret) throw invalid('import consumerKey and consumerSecret together');
  if (consumerSecret) assertStrong(consumerSecret);
  if (consumerKey && USER_ID.test(consumerKey)) throw invalid('consumerKey must not have the form of a user’s id');
  if (consumerKey?.toLowerCase().startsWith('keyward-'))
    throw invalid(`names like ${CLI_CONSUMER_KEY} are Keyward’s own`);
}

/** Inserts a consumer key, generated or imported, without its secret. Throws `not_found`, `conflict`, `invalid_request`. */
export async function insertKey(
  manager: EntityManager,
  request: GenerateKey,
  now: number,
  sector?: SectorDocument,
): Promise<ConsumerKeyEntity> {
  const application = await findApplication(manager, request, { lock: true });
  const { organizationId, id: applicationId } = application;
  if ((await manager.countBy(ConsumerKeyEntity, { organizationId, applicationId })) >= MOST_KEYS)
    throw new ServiceError('conflict', `an application has ${MOST_KEYS} keys at most`);
  const isPublic = methodOf(request) === 'none';
  const consumerKey = request.consumerKey ?? newConsumerKey();
  const defaults = defaultSettings(isPublic, (request.redirectUris ?? []).length > 0);
  const settings = settingsFrom(defaults, request, isPublic);
  assertListed(settings, sector);
  const key: ConsumerKeyEntity = {
    organizationId,
    consumerKey,
    applicationId,
    kind: request.kind,
    state: 'active',
    public: isPublic,
    ...settings,
    createdAt: new Date(await mayBegin(manager, { organizationId, consumerKey }, now)),
  };
  // A consumer key is unique over all organizations, so this answer tells that another one has it: to an administrator,
  // of a key known already, and there is no other way to refuse it.
  await manager.insert(ConsumerKeyEntity, key).catch((error: unknown) => {
    throw isDuplicate(error) ? new ServiceError('conflict', 'this consumer key is taken') : error;
  });
  return key;
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
