import { randomUUID } from 'node:crypto';
import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import type { Logger } from '@keyward/runtime';
import type { EntityManager } from 'typeorm';
import { ApplicationEntity } from './applications/application.entity';
import type { Clock } from './clock';
import type { ConsumerKeyChanges } from './consumer-keys/consumer-key-changes';
import { ConsumerKeyEntity } from './consumer-keys/consumer-key.entity';
import { sameMac, type SecretMacs } from './consumer-keys/consumer-secret';
import { addSecret, retireSecrets, validSecrets } from './consumer-keys/secrets';

const CLI = { organizationId: ROOT_ORGANIZATION.id, consumerKey: CLI_CONSUMER_KEY };

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
    // Of several instances that start at once, one makes it and the others find it.
    await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('key-manager.root-objects', 0))`);
    if (!(await manager.existsBy(ConsumerKeyEntity, CLI))) await insertCliKey(manager, new Date(now()));
    const valid = await validSecrets(manager, CLI, now());
    if (valid.some((secret) => sameMac(secret.mac, mac))) return;
    await retireSecrets(manager, CLI, 0, now());
    await addSecret(manager, CLI, mac, now());
    changed(CLI.consumerKey);
    logger.info(`the configured secret of ${CLI_CONSUMER_KEY} is now the valid one`);
  });
}

async function insertCliKey(manager: EntityManager, createdAt: Date): Promise<void> {
  const { organizationId, consumerKey } = CLI;
  const name = CLI_CONSUMER_KEY;
  const application =
    (await manager.findOneBy(ApplicationEntity, { organizationId, name })) ??
    (await manager.save(ApplicationEntity, {
      organizationId,
      id: randomUUID(),
      name,
      multiOrganization: false,
      strictScopes: false,
      createdAt,
    }));
  await manager.insert(ConsumerKeyEntity, {
    organizationId,
    consumerKey,
    applicationId: application.id,
    kind: 'production',
    state: 'active',
    grantTypes: ['password', 'refresh_token'],
    tokenType: 'jwt',
    public: false,
    tokenEndpointAuthMethod: 'client_secret_basic',
    jwks: null,
    jwksUri: null,
    allowedOrigins: [],
    rotateRefreshTokens: true,
    accessTokenLifetime: null,
    refreshTokenLifetime: null,
    passwordGrantSunset: null,
    createdAt,
  });
}
