import { randomUUID } from 'node:crypto';
import { CLI_CONSUMER_KEY, LOGIN_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import type { Logger } from '@keyward/runtime';
import type { EntityManager } from 'typeorm';
import { ApplicationEntity } from './applications/application.entity';
import type { Clock } from './clock';
import type { ConsumerKeyChanges } from './consumer-keys/consumer-key-changes';
import { ConsumerKeyEntity } from './consumer-keys/consumer-key.entity';
import { sameMac, type SecretMacs } from './consumer-keys/consumer-secret';
import { addSecret, retireSecrets, validSecrets } from './consumer-keys/secrets';

const CLI = { organizationId: ROOT_ORGANIZATION.id, consumerKey: CLI_CONSUMER_KEY };
const LOGIN = { organizationId: ROOT_ORGANIZATION.id, consumerKey: LOGIN_CONSUMER_KEY };
/** Of several instances that start at once, one makes what is missing and the others find it. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('key-manager.root-objects', 0))`;

/**
 * Makes the client by which people sign in at a command line, of whatever organization they are, if it is not there. It has
 * no secret that a start could bring back: operators may disable it.
 */
export async function ensureLoginClient(changes: ConsumerKeyChanges, { now }: Clock): Promise<void> {
  await changes.write(LOGIN.organizationId, async (manager, changed) => {
    await manager.query(LOCK);
    if (await manager.existsBy(ConsumerKeyEntity, LOGIN)) return;
    await insertKey(manager, new Date(now()), {
      ...{ ...LOGIN, name: 'Keyward command line', multiOrganization: true },
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      ...{ public: true, tokenEndpointAuthMethod: 'none' },
    });
    changed(LOGIN.consumerKey);
  });
}

/**
 * Makes the operator's client, if it is not there. When the configured secret is none of its valid ones, the operator has
 * changed it: it becomes valid, and the others end now.
 */
export async function ensureRootObjects(
  changes: ConsumerKeyChanges,
  macs: SecretMacs,
  cliSecret: string | undefined,
  { now }: Clock,
  logger: Logger,
): Promise<void> {
  if (cliSecret === undefined) {
    logger.warn(`${CLI_CONSUMER_KEY} is left as it is: set KEYWARD_CLI_SECRET to have it made`);
    return;
  }
  const mac = macs.of(CLI.consumerKey, cliSecret);
  await changes.write(CLI.organizationId, async (manager, changed) => {
    await manager.query(LOCK);
    if (!(await manager.existsBy(ConsumerKeyEntity, CLI)))
      await insertKey(manager, new Date(now()), {
        ...{ ...CLI, name: CLI_CONSUMER_KEY, multiOrganization: false },
        ...{ grantTypes: ['password', 'refresh_token'], public: false, tokenEndpointAuthMethod: 'client_secret_basic' },
      });
    const valid = await validSecrets(manager, CLI, now());
    if (valid.some((secret) => sameMac(secret.mac, mac))) return;
    await retireSecrets(manager, CLI, 0, now());
    await addSecret(manager, CLI, mac, now());
    changed(CLI.consumerKey);
    logger.info(`the configured secret of ${CLI_CONSUMER_KEY} is now the valid one`);
  });
}

type OwnKey = Pick<
  ConsumerKeyEntity,
  'organizationId' | 'consumerKey' | 'grantTypes' | 'public' | 'tokenEndpointAuthMethod'
> &
  Pick<ApplicationEntity, 'name' | 'multiOrganization'>;

async function insertKey(manager: EntityManager, createdAt: Date, own: OwnKey): Promise<void> {
  const { name, multiOrganization, ...key } = own;
  const { organizationId } = key;
  const application =
    (await manager.findOneBy(ApplicationEntity, { organizationId, name })) ??
    (await manager.save(ApplicationEntity, {
      ...{ organizationId, id: randomUUID(), name, multiOrganization, strictScopes: false, createdAt },
    }));
  await manager.insert(ConsumerKeyEntity, {
    ...key,
    applicationId: application.id,
    kind: 'production',
    state: 'active',
    tokenType: 'jwt',
    jwks: null,
    jwksUri: null,
    allowedOrigins: [],
    rotateRefreshTokens: true,
    accessTokenPolicy: 'new',
    accessTokenLifetime: null,
    refreshTokenLifetime: null,
    passwordGrantSunset: null,
    createdAt,
  });
}
