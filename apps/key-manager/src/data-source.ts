import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { ApiKeyEntity } from './api-keys/api-key.entity';
import { ApplicationEntity } from './applications/application.entity';
import { InitialAccessTokenEntity } from './client-registrations/initial-access-token.entity';
import { RegistrationEntity } from './client-registrations/registration.entity';
import { ConsumerKeyEntity } from './consumer-keys/consumer-key.entity';
import { ConsumerSecretEntity } from './consumer-keys/consumer-secret.entity';
import { Keys1763700000000 } from './migrations/1763700000000-keys';
import { RelyingParties1763740000000 } from './migrations/1763740000000-relying-parties';
import { ClientKeys1763750000000 } from './migrations/1763750000000-client-keys';
import { SigningAlgorithms1763760000000 } from './migrations/1763760000000-signing-algorithms';
import { Revocations1763800000000 } from './migrations/1763800000000-revocations';
import { ConsumerKeysAfter1763800000001 } from './migrations/1763800000001-consumer-keys-after';
import { AllowedOrigins1763850000000 } from './migrations/1763850000000-allowed-origins';
import { OpenIdMetadata1763910000001 } from './migrations/1763910000001-openid-metadata';
import { TrustedIssuers1763920000000 } from './migrations/1763920000000-trusted-issuers';
import { ApiKeys1763930000001 } from './migrations/1763930000001-api-keys';
import { KeyEncryption1763950000000 } from './migrations/1763950000000-key-encryption';
import { AccessTokenPolicy1763960000000 } from './migrations/1763960000000-access-token-policy';
import { Certificates1763970000000 } from './migrations/1763970000000-certificates';
import { SubjectTypes1764000000000 } from './migrations/1764000000000-subject-types';
import { FirstSigningKey1764030000000 } from './migrations/1764030000000-first-signing-key';
import { MayAct1764080000000 } from './migrations/1764080000000-may-act';
import { IssuerAccess1764020000000 } from './migrations/1764020000000-issuer-access';
import { ClientRegistrations1764010000000 } from './migrations/1764010000000-client-registrations';
import { SigningKeyEntity } from './signing-keys/signing-key.entity';
import { TrustedIssuerEntity } from './trusted-issuers/trusted-issuer.entity';

/** What `migrate` needs to know of the key manager. */
export const KEY_MANAGER_SCHEMA = {
  schema: 'key_manager',
  migrations: [
    Keys1763700000000,
    RelyingParties1763740000000,
    ClientKeys1763750000000,
    SigningAlgorithms1763760000000,
    Revocations1763800000000,
    ConsumerKeysAfter1763800000001,
    AllowedOrigins1763850000000,
    OpenIdMetadata1763910000001,
    TrustedIssuers1763920000000,
    ApiKeys1763930000001,
    KeyEncryption1763950000000,
    AccessTokenPolicy1763960000000,
    Certificates1763970000000,
    SubjectTypes1764000000000,
    FirstSigningKey1764030000000,
    MayAct1764080000000,
    IssuerAccess1764020000000,
    ClientRegistrations1764010000000,
  ],
};

export const keyManagerDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({
    url,
    caFile,
    poolSize,
    schema: KEY_MANAGER_SCHEMA.schema,
    entities: [
      ApplicationEntity,
      ConsumerKeyEntity,
      ConsumerSecretEntity,
      SigningKeyEntity,
      TrustedIssuerEntity,
      ApiKeyEntity,
      InitialAccessTokenEntity,
      RegistrationEntity,
    ],
  });

/** What is not isolated by organization, each with its reason; a test walks the catalog. */
export const KEY_MANAGER_EXCEPTIONS: Readonly<Record<string, string>> = {
  'key_manager.sealed_secrets': 'keys of the service itself, sealed; no organization’s data',
  'key_manager.failure_buckets': 'counts failures before the organization is known, in slots found by keyed hash',
  'key_manager.consumer_keys_everywhere': 'a client_id names one client of all organizations',
};
