import { Module, type DynamicModule } from '@nestjs/common';
import { feedController } from '@keyward/bus';
import { apiKeys, clientRevocations, consumerKeyChanges, signingKeyChanges, trustedIssuers } from '@keyward/contracts';
import { RevocationOwner } from '@keyward/database';
import { RegistrationLimitSettings, SigningKeySettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { ApiKeyFeed } from './api-keys/api-key-feed';
import { ApiKeysController } from './api-keys/api-keys.controller';
import { ApplicationsController } from './applications/applications.controller';
import { BackendTokensController } from './backend-tokens/backend-tokens.controller';
import { ClientRegistrationsController } from './client-registrations/client-registrations.controller';
import { InitialAccessTokensController } from './client-registrations/initial-access-tokens.controller';
import { OwnedClientsController } from './client-registrations/owned-clients.controller';
import { RegistrationsController } from './client-registrations/registrations.controller';
import { AssertionAuthentication } from './client-keys/assertion-authentication';
import { RemoteJwks } from './client-keys/remote-jwks';
import { ClientAuthentication } from './clients/client-authentication';
import { ClientsController } from './clients/clients.controller';
import { Clock } from './clock';
import { ConsumerKeyChanges } from './consumer-keys/consumer-key-changes';
import { SecretMacs } from './consumer-keys/consumer-secret';
import { ConsumerKeysController } from './consumer-keys/consumer-keys.controller';
import { RelyingPartiesController } from './relying-parties/relying-parties.controller';
import { OriginsController } from './origins/origins.controller';
import { Sealing } from './sealing/sealing';
import { SealingController } from './sealing/sealing.controller';
import { PairwiseNames } from './sectors/pairwise-names';
import { PairwiseNamesController } from './sectors/pairwise-names.controller';
import { SectorDocuments } from './sectors/sector-documents';
import { KeyRing } from './signing-keys/key-ring';
import { KeyMaker } from './signing-keys/new-signing-key';
import { SigningKeyChanges } from './signing-keys/signing-key-changes';
import { SigningKeysController } from './signing-keys/signing-keys.controller';
import { GrantAssertions } from './trusted-issuers/grant-assertions';
import { GrantAssertionsController } from './trusted-issuers/grant-assertions.controller';
import { TrustedIssuerFeed } from './trusted-issuers/trusted-issuer-feed';
import { TrustedIssuersController } from './trusted-issuers/trusted-issuers.controller';

/** What the key manager's controllers work with. */
export interface KeyManagerParts {
  dataSource: DataSource;
  clock: Clock;
  sealing: Sealing;
  maker: KeyMaker;
  macs: SecretMacs;
  pairwiseNames: PairwiseNames;
  sectors: SectorDocuments;
  authentication: ClientAuthentication;
  assertions: AssertionAuthentication;
  grantAssertions: GrantAssertions;
  consumerKeyChanges: ConsumerKeyChanges;
  apiKeyFeed: ApiKeyFeed;
  trustedIssuerFeed: TrustedIssuerFeed;
  remote: RemoteJwks;
  revocations: RevocationOwner;
  keyRing: KeyRing;
  signingKeyChanges: SigningKeyChanges;
  signingKeySettings: SigningKeySettings;
  registrationLimits: RegistrationLimitSettings;
}

/** Answers all of `key-manager.*`. */
@Module({})
export class KeyManagerModule {
  static with(parts: KeyManagerParts): DynamicModule {
    return {
      module: KeyManagerModule,
      controllers: [
        ApplicationsController,
        ApiKeysController,
        BackendTokensController,
        ClientRegistrationsController,
        InitialAccessTokensController,
        RegistrationsController,
        OwnedClientsController,
        ClientsController,
        ConsumerKeysController,
        RelyingPartiesController,
        PairwiseNamesController,
        OriginsController,
        GrantAssertionsController,
        SealingController,
        SigningKeysController,
        TrustedIssuersController,
        feedController(apiKeys, parts.apiKeyFeed.owner),
        feedController(trustedIssuers, parts.trustedIssuerFeed.owner),
        feedController(clientRevocations, parts.revocations),
        // Their followers keep caches only, so a snapshot of these two is empty.
        feedController(consumerKeyChanges, parts.consumerKeyChanges.owner),
        feedController(signingKeyChanges, parts.signingKeyChanges.owner),
      ],
      providers: [
        { provide: DataSource, useValue: parts.dataSource },
        { provide: Clock, useValue: parts.clock },
        { provide: Sealing, useValue: parts.sealing },
        { provide: KeyMaker, useValue: parts.maker },
        { provide: SecretMacs, useValue: parts.macs },
        { provide: PairwiseNames, useValue: parts.pairwiseNames },
        { provide: SectorDocuments, useValue: parts.sectors },
        { provide: ClientAuthentication, useValue: parts.authentication },
        { provide: GrantAssertions, useValue: parts.grantAssertions },
        { provide: AssertionAuthentication, useValue: parts.assertions },
        { provide: ConsumerKeyChanges, useValue: parts.consumerKeyChanges },
        { provide: ApiKeyFeed, useValue: parts.apiKeyFeed },
        { provide: TrustedIssuerFeed, useValue: parts.trustedIssuerFeed },
        { provide: RemoteJwks, useValue: parts.remote },
        { provide: RevocationOwner, useValue: parts.revocations },
        { provide: KeyRing, useValue: parts.keyRing },
        { provide: SigningKeyChanges, useValue: parts.signingKeyChanges },
        { provide: SigningKeySettings, useValue: parts.signingKeySettings },
        { provide: RegistrationLimitSettings, useValue: parts.registrationLimits },
      ],
    };
  }
}
