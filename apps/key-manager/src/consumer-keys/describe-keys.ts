import type { ConsumerKey, SecretInfo } from '@keyward/contracts';
import { In, type EntityManager } from 'typeorm';
import { ApplicationEntity } from '../applications/application.entity';
import type { ConsumerKeyEntity } from './consumer-key.entity';
import { ConsumerSecretEntity } from './consumer-secret.entity';

/** Consumer keys of one organization as administrators see them. */
export async function describeKeys(manager: EntityManager, keys: ConsumerKeyEntity[]): Promise<ConsumerKey[]> {
  const [first] = keys;
  if (!first) return [];
  const { organizationId } = first;
  const applications = await manager.findBy(ApplicationEntity, {
    organizationId,
    id: In(keys.map(({ applicationId }) => applicationId)),
  });
  const secrets = await manager.find(ConsumerSecretEntity, {
    where: { organizationId, consumerKey: In(keys.map(({ consumerKey }) => consumerKey)) },
    order: { createdAt: 'ASC' },
  });
  return keys.map((key) => ({
    consumerKey: key.consumerKey,
    applicationId: key.applicationId,
    application: applications.find(({ id }) => id === key.applicationId)?.name ?? '',
    kind: key.kind,
    state: key.state,
    grantTypes: key.grantTypes,
    tokenType: key.tokenType,
    public: key.public,
    tokenEndpointAuthMethod: key.tokenEndpointAuthMethod,
    jwks: key.jwks,
    jwksUri: key.jwksUri,
    certificateSubject: key.certificateSubject,
    tokenBinding: key.tokenBinding,
    allowedOrigins: key.allowedOrigins,
    rotateRefreshTokens: key.rotateRefreshTokens,
    accessTokenPolicy: key.accessTokenPolicy,
    accessTokenLifetime: key.accessTokenLifetime,
    refreshTokenLifetime: key.refreshTokenLifetime,
    passwordGrantSunset: key.passwordGrantSunset?.toISOString() ?? null,
    applicationType: key.applicationType,
    redirectUris: key.redirectUris,
    postLogoutRedirectUris: key.postLogoutRedirectUris,
    backchannelLogoutUri: key.backchannelLogoutUri,
    idTokenSignedResponseAlg: key.idTokenSignedResponseAlg,
    userinfoSignedResponseAlg: key.userinfoSignedResponseAlg,
    subjectType: key.subjectType,
    sectorIdentifierUri: key.sectorIdentifierUri,
    requirePushedAuthorizationRequests: key.requirePushedAuthorizationRequests,
    trusted: key.trusted,
    mayAct: key.mayAct,
    secrets: secrets.filter(({ consumerKey }) => consumerKey === key.consumerKey).map(describeSecret),
    createdAt: key.createdAt.toISOString(),
  }));
}

/** One of them, which is there. */
export async function describeKey(manager: EntityManager, key: ConsumerKeyEntity): Promise<ConsumerKey> {
  const [described] = await describeKeys(manager, [key]);
  if (!described) throw new Error('a key is described by itself');
  return described;
}

const describeSecret = ({ id, createdAt, expiresAt, lastUsedAt }: ConsumerSecretEntity): SecretInfo => ({
  id,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
