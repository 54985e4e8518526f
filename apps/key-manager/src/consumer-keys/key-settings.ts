import { ServiceError, type UpdateKey } from '@keyward/contracts';
import { isOutboundUrl } from '@keyward/runtime';
import { hasSecret, proofFrom, type Proof } from '../client-keys/proof';
import type { ConsumerKeyEntity } from './consumer-key.entity';
import { assertOrigins } from '../origins/allowed-origins';
import { assertSector } from '../sectors/sector';
import { assertRedirectUri } from './redirect-uri';

export type Settings = Proof &
  Pick<
    ConsumerKeyEntity,
    | 'grantTypes'
    | 'tokenType'
    | 'rotateRefreshTokens'
    | 'accessTokenPolicy'
    | 'accessTokenLifetime'
    | 'refreshTokenLifetime'
    | 'passwordGrantSunset'
    | 'applicationType'
    | 'redirectUris'
    | 'postLogoutRedirectUris'
    | 'backchannelLogoutUri'
    | 'idTokenSignedResponseAlg'
    | 'userinfoSignedResponseAlg'
    | 'subjectType'
    | 'sectorIdentifierUri'
    | 'requirePushedAuthorizationRequests'
    | 'trusted'
    | 'mayAct'
    | 'allowedOrigins'
    | 'tokenBinding'
  >;

/** What a consumer key is generated with; a public client cannot be its own subject (CC-01). */
export const defaultSettings = (isPublic: boolean, redirects: boolean): Settings => ({
  grantTypes: [
    ...(isPublic ? ['password', 'refresh_token'] : ['password', 'client_credentials', 'refresh_token']),
    ...(redirects ? ['authorization_code'] : []),
  ],
  tokenType: 'jwt',
  tokenEndpointAuthMethod: isPublic ? 'none' : 'client_secret_basic',
  jwks: null,
  jwksUri: null,
  certificateSubject: null,
  tokenBinding: 'none',
  allowedOrigins: [],
  rotateRefreshTokens: true,
  accessTokenPolicy: 'new',
  accessTokenLifetime: null,
  refreshTokenLifetime: null,
  passwordGrantSunset: null,
  applicationType: 'web',
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  idTokenSignedResponseAlg: 'RS256',
  userinfoSignedResponseAlg: null,
  subjectType: 'public',
  sectorIdentifierUri: null,
  requirePushedAuthorizationRequests: false,
  trusted: true,
  mayAct: null,
});

/** The settings with what was asked for; `null` takes a lifetime or a sunset back. Throws `invalid_request`. */
export function settingsFrom(
  before: Settings,
  asked: Partial<Omit<UpdateKey, 'organizationId' | 'consumerKey' | 'state'>>,
  isPublic: boolean,
): Settings {
  const subjectType = asked.subjectType ?? before.subjectType;
  const settings: Settings = {
    grantTypes: asked.grantTypes ?? before.grantTypes,
    tokenType: asked.tokenType ?? (subjectType === 'pairwise' ? 'opaque' : before.tokenType),
    ...proofFrom(before, asked),
    tokenBinding: asked.tokenBinding ?? before.tokenBinding,
    allowedOrigins: asked.allowedOrigins ?? before.allowedOrigins,
    rotateRefreshTokens: asked.rotateRefreshTokens ?? before.rotateRefreshTokens,
    accessTokenPolicy: asked.accessTokenPolicy ?? before.accessTokenPolicy,
    accessTokenLifetime: given(asked.accessTokenLifetime, before.accessTokenLifetime),
    refreshTokenLifetime: given(asked.refreshTokenLifetime, before.refreshTokenLifetime),
    passwordGrantSunset: given(
      asked.passwordGrantSunset && dateOf(asked.passwordGrantSunset),
      before.passwordGrantSunset,
    ),
    applicationType: asked.applicationType ?? before.applicationType,
    redirectUris: asked.redirectUris ?? before.redirectUris,
    postLogoutRedirectUris: asked.postLogoutRedirectUris ?? before.postLogoutRedirectUris,
    backchannelLogoutUri: given(asked.backchannelLogoutUri, before.backchannelLogoutUri),
    idTokenSignedResponseAlg: asked.idTokenSignedResponseAlg ?? before.idTokenSignedResponseAlg,
    userinfoSignedResponseAlg: given(asked.userinfoSignedResponseAlg, before.userinfoSignedResponseAlg),
    subjectType,
    sectorIdentifierUri: given(asked.sectorIdentifierUri, before.sectorIdentifierUri),
    requirePushedAuthorizationRequests:
      asked.requirePushedAuthorizationRequests ?? before.requirePushedAuthorizationRequests,
    trusted: asked.trusted ?? before.trusted,
    mayAct: given(asked.mayAct, before.mayAct),
  };
  for (const uri of [...settings.redirectUris, ...settings.postLogoutRedirectUris])
    assertRedirectUri(uri, settings.applicationType);
  assertOrigins(settings.allowedOrigins);
  if (settings.backchannelLogoutUri !== null && !isOutboundUrl(settings.backchannelLogoutUri))
    throw invalid('backchannelLogoutUri must be an https URL without user and fragment');
  assertSector(settings);
  // RFC 9068 §6: a JWT tells its client what it tells an API.
  if (subjectType === 'pairwise' && settings.tokenType !== 'opaque')
    throw invalid('pairwise subjects need opaque access tokens: a JWT would tell the client who its user is');
  // RFC 9700 §4.14.2: the refresh tokens of a public client are rotated (RT-14).
  if (isPublic && !settings.rotateRefreshTokens)
    throw invalid('the refresh tokens of a public client are always rotated');
  // What is given out again is sealed under the client's secret, and what a JWT says is decided when it is made.
  if (
    settings.accessTokenPolicy === 'reuse' &&
    (settings.tokenType !== 'opaque' || !hasSecret(settings.tokenEndpointAuthMethod))
  )
    throw invalid('only opaque access tokens of a client with a secret can be given out again');
  // RFC 6749 §4.4.
  if (isPublic && settings.grantTypes.includes('client_credentials'))
    throw invalid('a public client has no credentials for client_credentials');
  return settings;
}

const given = <T>(asked: T | null | undefined | '', before: T | null): T | null =>
  asked === undefined || asked === '' ? before : asked;

function dateOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw invalid('passwordGrantSunset must be a date and time');
  return date;
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
