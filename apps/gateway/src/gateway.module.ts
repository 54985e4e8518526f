import { type DynamicModule, type Provider } from '@nestjs/common';
import { Bus } from '@keyward/bus';
import { Organizations, Revocations } from '@keyward/runtime';
import { GATEWAY_CONFIG, type GatewayConfig } from './config';
import { ForwardingController } from './forwarding/forwarding.controller';
import { RemoteKeyManager } from './forwarding/remote-key-manager';
import { ApiKeysController } from './management/api-keys.controller';
import { ApisController } from './management/apis.controller';
import { ApplicationPlansController } from './management/application-plans.controller';
import { ApplicationsController } from './management/applications.controller';
import { BrandingController } from './management/branding.controller';
import { DenyRulesController } from './management/deny-rules.controller';
import { KeyEncryptionController } from './management/key-encryption.controller';
import { KeysController } from './management/keys.controller';
import { ManagementBus } from './management/management';
import { OrganizationsController } from './management/organizations.controller';
import { PlansController } from './management/plans.controller';
import { RolesController } from './management/roles.controller';
import { ScopesController } from './management/scopes.controller';
import { LogoutNoticesController } from './management/logout-notices.controller';
import { SessionsController } from './management/sessions.controller';
import { SigningKeysController } from './management/signing-keys.controller';
import { SubscriptionsController } from './management/subscriptions.controller';
import { TrustedIssuersController } from './management/trusted-issuers.controller';
import { UsageController } from './management/usage.controller';
import { UsersController } from './management/users.controller';
import { InitialAccessTokensController } from './management/initial-access-tokens.controller';
import { RegisteredClientsController } from './management/registered-clients.controller';
import { ApiManagerController } from './registration/api-manager.controller';
import { ClientRegistrationController } from './registration/client-registration.controller';
import { OAuthController } from './oauth/oauth.controller';
import { Origins } from './oauth/origins';
import { Knowledge } from './proxy/knowledge';
import { AccountController } from './openid/account.controller';
import { AuthorizationController } from './openid/authorization.controller';
import { DeviceController } from './openid/device.controller';
import { ReloadController } from './openid/reload.controller';
import { FilesController } from './openid/files.controller';
import { Logos } from './openid/logos';
import { JwksCache } from './openid/jwks-cache';
import { OpenIdController } from './openid/openid.controller';
import { SignOutController } from './openid/sign-out.controller';
import { ClientCertificates } from './possession/certificates';
import { UserInfoController } from './openid/userinfo.controller';

const TOKEN_API = [
  ...[OAuthController, OpenIdController, UserInfoController],
  ...[ClientRegistrationController, ApiManagerController],
];
const PAGES = [
  ...[AuthorizationController, DeviceController, AccountController, SignOutController, ReloadController],
  FilesController,
];
const MANAGEMENT_API = [
  OrganizationsController,
  BrandingController,
  UsersController,
  RolesController,
  SessionsController,
  ApplicationsController,
  KeysController,
  SigningKeysController,
  KeyEncryptionController,
  ApisController,
  ScopesController,
  PlansController,
  SubscriptionsController,
  TrustedIssuersController,
  InitialAccessTokensController,
  RegisteredClientsController,
  LogoutNoticesController,
  ApplicationPlansController,
  DenyRulesController,
  ApiKeysController,
  UsageController,
];

/** What a gateway that reaches the services knows of them. */
export interface Services {
  bus: Bus;
  organizations: Organizations;
  keys: JwksCache;
  certificates: ClientCertificates;
  revocations: Revocations;
  known: Knowledge;
}

/** HTTP in, messages out; the token API goes on by HTTP where a remote key manager is configured. */
export class GatewayModule {
  static with(config: GatewayConfig, services?: Services): DynamicModule {
    const { remoteKeyManager, keyManagerCaFile } = config.bus;
    const tokenApi = remoteKeyManager === undefined ? TOKEN_API : [ForwardingController];
    return {
      module: GatewayModule,
      controllers: services ? [...tokenApi, ...MANAGEMENT_API, ...PAGES] : tokenApi,
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        ...(services ? onBus(services) : []),
        ...(remoteKeyManager === undefined ? [] : [remote(remoteKeyManager, keyManagerCaFile)]),
      ],
    };
  }
}

const onBus = ({ bus, organizations, revocations, keys, known, certificates }: Services): Provider[] => [
  { provide: Bus, useValue: bus },
  { provide: Organizations, useValue: organizations },
  { provide: Revocations, useValue: revocations },
  { provide: JwksCache, useValue: keys },
  { provide: Knowledge, useValue: known },
  { provide: ClientCertificates, useValue: certificates },
  ManagementBus,
  Origins,
  Logos,
];

const remote = (origin: string, caFile?: string): Provider => ({
  provide: RemoteKeyManager,
  useFactory: () => new RemoteKeyManager(origin, caFile),
});
