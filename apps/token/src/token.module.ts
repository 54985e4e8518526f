import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Bus, feedController } from '@keyward/bus';
import { tokenRevocations } from '@keyward/contracts';
import { Replays } from '@keyward/database';
import { IssuerSettings, OAuthSettings, Organizations, Revocations, SessionSettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { AccessTokenReader } from './access-tokens/access-token-reader';
import { AccessTokens } from './access-tokens/access-tokens';
import { PublicKeys } from './access-tokens/public-keys';
import { AuthorizationController } from './authorization/authorization.controller';
import { Decision } from './authorization/decision';
import { PasswordProof } from './authorization/password-proof';
import { BackChannelLogout } from './back-channel-logout/back-channel-logout';
import { LogoutNoticesController } from './back-channel-logout/logout-notices.controller';
import { ClientOwnersController } from './client-owners.controller';
import { ClientAuthentication } from './client-authentication';
import { Clients } from './clients';
import { Clock } from './clock';
import { Codes } from './codes/codes';
import { RepeatedValues } from './codes/repeated-values';
import { Consents } from './consents/consents';
import type { TokenConfig } from './config';
import { GRANTS } from './grants';
import { DeviceAuthorizationController } from './devices/device-authorization.controller';
import { DeviceCodes } from './devices/device-codes';
import { DevicePageController } from './devices/device-page.controller';
import type { Grant } from './grants/grant';
import { Grants } from './grants/grants';
import { AccessTokenController } from './introspection/access-token.controller';
import { ApplicationUsers } from './application-users/application-users';
import { ApplicationUsersController } from './application-users/application-users.controller';
import { BearerController } from './introspection/bearer.controller';
import { IntrospectionController } from './introspection/introspection.controller';
import { Issuers } from './issuer';
import { IdTokens } from './openid/id-tokens';
import { SignOutController } from './openid/sign-out.controller';
import { ToldNames } from './openid/told-names';
import { UserClaims } from './openid/user-claims';
import { UserInfoController } from './openid/userinfo.controller';
import { DpopNonces } from './dpop-nonces/dpop-nonces';
import { DpopProofsController } from './dpop-proofs.controller';
import { Possessions } from './possessions';
import { PushedRequests } from './pushed-requests/pushed-requests';
import { PushedRequestsController } from './pushed-requests/pushed-requests.controller';
import { RefreshFamiliesController } from './refresh-tokens/refresh-families.controller';
import { RefreshTokens } from './refresh-tokens/refresh-tokens';
import { RevocationFeed } from './revocation/revocation-feed';
import { RevocationController } from './revocation/revocation.controller';
import { Catalog } from './scopes/catalog';
import { Sessions } from './sessions/sessions';
import { SessionsController } from './sessions/sessions.controller';
import { StandingTokens } from './standing-tokens/standing-tokens';
import { TokenController } from './token.controller';
import { Users } from './users';

/** What the service is given; whoever gives it also ends it. */
export interface TokenParts {
  config: TokenConfig;
  bus: Bus;
  dataSource: DataSource;
  organizations: Organizations;
  catalog: Catalog;
  revocations: Revocations;
  revocationFeed: RevocationFeed;
  applicationUsers: ApplicationUsers;
  backChannel: BackChannelLogout;
  replays: Replays;
  repeated: RepeatedValues;
  clock: Clock;
}

/** Answers all of `token.*`. */
@Module({})
export class TokenModule {
  static with(parts: TokenParts): DynamicModule {
    const {
      config,
      bus,
      dataSource,
      organizations,
      catalog,
      revocations,
      revocationFeed,
      applicationUsers,
      backChannel,
      replays,
      repeated,
      clock,
    } = parts;
    const given: Provider[] = [
      { provide: Bus, useValue: bus },
      { provide: DataSource, useValue: dataSource },
      { provide: Organizations, useValue: organizations },
      { provide: Catalog, useValue: catalog },
      { provide: Revocations, useValue: revocations },
      { provide: RevocationFeed, useValue: revocationFeed },
      { provide: BackChannelLogout, useValue: backChannel },
      { provide: ApplicationUsers, useValue: applicationUsers },
      { provide: Replays, useValue: replays },
      { provide: RepeatedValues, useValue: repeated },
      { provide: Clock, useValue: clock },
      { provide: OAuthSettings, useValue: config.oauth },
      { provide: IssuerSettings, useValue: config.issuer },
      { provide: SessionSettings, useValue: config.sessions },
    ];
    const grants = { provide: Grants, useFactory: (...all: Grant[]) => new Grants(all), inject: [...GRANTS] };
    return {
      module: TokenModule,
      controllers: [
        ...[TokenController, RevocationController, feedController(tokenRevocations, revocationFeed)],
        ...[IntrospectionController, BearerController, AccessTokenController],
        ...[AuthorizationController, SessionsController, UserInfoController, SignOutController],
        ...[DeviceAuthorizationController, DevicePageController, ApplicationUsersController, DpopProofsController],
        ...[PushedRequestsController, ClientOwnersController, LogoutNoticesController],
        RefreshFamiliesController,
      ],
      providers: [
        ...given,
        DpopNonces,
        ...[Issuers, ClientAuthentication, Clients, Users, RefreshTokens, AccessTokens, AccessTokenReader, PublicKeys],
        ...[Codes, Consents, Decision, DeviceCodes, IdTokens, PasswordProof, Possessions, Sessions, StandingTokens],
        ...[PushedRequests, ToldNames, UserClaims],
        ...GRANTS,
        grants,
      ],
    };
  }
}
