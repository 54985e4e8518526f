import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { seconds } from '../duration';
import { Setting } from '../setting';

const DAY = 86_400;

/** Grants and lifetimes of the whole server; an organization or a consumer key may narrow them. Lifetimes in seconds. */
export class OAuthSettings {
  @Setting({
    env: 'PASSWORD_GRANT',
    toml: 'oauth.grant_type.password.enable',
    description: 'Whether the password grant is served (`true`, `false`); to the `keyward` command it always is.',
  })
  @IsBoolean()
  passwordGrant: boolean = true;

  @Setting({
    env: 'CLIENT_CREDENTIALS_GRANT',
    toml: 'oauth.grant_type.client_credentials.enable',
    description: 'Whether the client credentials grant is served.',
  })
  @IsBoolean()
  clientCredentialsGrant: boolean = true;

  @Setting({
    env: 'REFRESH_TOKEN_GRANT',
    toml: 'oauth.grant_type.refresh_token.enable',
    description: 'Whether the refresh token grant is served.',
  })
  @IsBoolean()
  refreshTokenGrant: boolean = true;

  @Setting({
    env: 'AUTHORIZATION_CODE_GRANT',
    toml: 'oauth.grant_type.authorization_code.enable',
    description: 'Whether people sign in on pages for clients (authorization codes).',
  })
  @IsBoolean()
  authorizationCodeGrant: boolean = true;

  @Setting({
    env: 'TOKEN_EXCHANGE_GRANT',
    toml: 'oauth.grant_type.token_exchange.enable',
    description: 'Whether tokens are exchanged (RFC 8693), for consumer keys that are allowed this grant.',
  })
  @IsBoolean()
  tokenExchangeGrant: boolean = true;

  @Setting({
    env: 'JWT_BEARER_GRANT',
    toml: 'oauth.grant_type.jwt_bearer.enable',
    description:
      'Whether assertions of trusted issuers are taken (RFC 7523), for consumer keys that are allowed this grant.',
  })
  @IsBoolean()
  jwtBearerGrant: boolean = true;

  @Setting({
    env: 'DEVICE_CODE_GRANT',
    toml: 'oauth.grant_type.device_code.enable',
    description: 'Whether devices without a browser get tokens by a code that their user types on a page (RFC 8628).',
  })
  @IsBoolean()
  deviceCodeGrant: boolean = true;

  @Setting({
    env: 'USER_ACCESS_TOKEN_VALIDITY',
    toml: 'oauth.token_validation.user_access_token_validity',
    description: "Lifetime of a user's access token: seconds, or with a unit (`90m`, `12h`, `1d`).",
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(DAY)
  userAccessTokenLifetime: number = 3600;

  @Setting({
    env: 'APP_ACCESS_TOKEN_VALIDITY',
    toml: 'oauth.token_validation.app_access_token_validity',
    description: 'Lifetime of an access token of a client itself (client credentials), seconds.',
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(DAY)
  applicationAccessTokenLifetime: number = 3600;

  @Setting({
    env: 'REFRESH_TOKEN_VALIDITY',
    toml: 'oauth.token_validation.refresh_token_validity',
    description: 'Lifetime of a refresh token, counted anew at each rotation, seconds.',
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(90 * DAY)
  refreshTokenLifetime: number = DAY;

  @Setting({
    env: 'REFRESH_FAMILY_LIFETIME',
    description: 'After this long since sign-in no rotation prolongs a grant, seconds.',
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(366 * DAY)
  refreshFamilyLifetime: number = 90 * DAY;

  @Setting({
    env: 'REFRESH_GRACE_SECONDS',
    description: 'How long a rotated refresh token may be sent again after a lost answer, seconds.',
  })
  @IsInt()
  @Min(0)
  @Max(60)
  refreshGrace: number = 10;

  @Setting({
    env: 'REVOKE_ON_PASSWORD_CHANGE',
    description: 'Whether a changed password ends the grants from before it.',
  })
  @IsBoolean()
  revokeOnPasswordChange: boolean = true;
}
