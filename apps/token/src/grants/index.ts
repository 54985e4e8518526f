import { AuthorizationCodeGrant } from './authorization-code.grant';
import { ClientCredentialsGrant } from './client-credentials.grant';
import { JwtBearerGrant } from './jwt-bearer.grant';
import { DeviceCodeGrant } from './device-code.grant';
import { PasswordGrant } from './password.grant';
import { RefreshTokenGrant } from './refresh-token.grant';
import { TokenExchangeGrant } from './token-exchange.grant';

/** The grant types this server speaks. To add one: write its file, name it here. */
export const GRANTS = [
  PasswordGrant,
  RefreshTokenGrant,
  ClientCredentialsGrant,
  AuthorizationCodeGrant,
  TokenExchangeGrant,
  JwtBearerGrant,
  DeviceCodeGrant,
] as const;
