import {
  ACCESS_TOKEN_POLICIES,
  AUTH_METHODS,
  GRANT_TYPES,
  SIGNING_ALGORITHMS,
  SUBJECT_TYPES,
  TOKEN_BINDINGS,
  type ConsumerKey,
  type UpdateKey,
} from '@keyward/contracts';
import { Option, type Command } from 'commander';
import { commaSeparated, onOff, readJson, secondsOrNone } from '../options';
import { type Columns } from '../output';

/** What a list of consumer keys shows. */
export const columns: Columns<ConsumerKey> = {
  'Consumer key': ({ consumerKey }) => consumerKey,
  Application: ({ application }) => application,
  Kind: ({ kind }) => kind,
  State: ({ state }) => state,
  'Grant types': ({ grantTypes }) => grantTypes,
  'Token type': ({ tokenType }) => tokenType,
  'Client authentication': ({ tokenEndpointAuthMethod }) => tokenEndpointAuthMethod,
};

/** What is shown of one. */
export const details: Columns<ConsumerKey> = {
  ...columns,
  'Allowed origins': ({ allowedOrigins }) => allowedOrigins,
  'Public keys': ({ jwks, jwksUri }) => jwksUri ?? jwks?.keys.map(({ kid, kty }) => kid ?? kty),
  'Certificate of': ({ certificateSubject }) => Object.values(certificateSubject ?? {}).join(),
  'Tokens are bound to': ({ tokenBinding }) => tokenBinding,
  'Rotate refresh tokens': ({ rotateRefreshTokens }) => rotateRefreshTokens,
  'Access tokens': ({ accessTokenPolicy }) => accessTokenPolicy,
  'Access token lifetime': ({ accessTokenLifetime }) => accessTokenLifetime ?? "the server's",
  'Refresh token lifetime': ({ refreshTokenLifetime }) => refreshTokenLifetime ?? "the server's",
  'Password grant until': ({ passwordGrantSunset }) => passwordGrantSunset,
  'Application type': ({ applicationType }) => applicationType,
  'Redirect URIs': ({ redirectUris }) => redirectUris,
  'Post-logout redirect URIs': ({ postLogoutRedirectUris }) => postLogoutRedirectUris,
  'Told of logouts at': ({ backchannelLogoutUri }) => backchannelLogoutUri ?? 'nowhere',
  'ID tokens': ({ idTokenSignedResponseAlg }) => idTokenSignedResponseAlg,
  UserInfo: ({ userinfoSignedResponseAlg }) => userinfoSignedResponseAlg ?? 'JSON',
  'Names of users': ({ subjectType, sectorIdentifierUri }) =>
    sectorIdentifierUri === null ? subjectType : `${subjectType}, sector ${sectorIdentifierUri}`,
  'Must push its requests': ({ requirePushedAuthorizationRequests }) => requirePushedAuthorizationRequests,
  Trusted: ({ trusted }) => trusted,
  'May act for its users': ({ mayAct }) => mayAct ?? 'any client that may exchange tokens',
  Secrets: ({ secrets }) =>
    secrets.map(({ createdAt, expiresAt }) => `of ${createdAt} until ${expiresAt ?? 'replaced'}`),
  Created: ({ createdAt }) => createdAt,
};

/** Options as they are given. */
export interface Settings extends Omit<
  UpdateKey,
  'organizationId' | 'consumerKey' | 'state' | 'jwks' | 'certificateSubject'
> {
  certificateSubject?: string;
  jwksFile?: string;
  idTokenAlg?: UpdateKey['idTokenSignedResponseAlg'];
  userinfoAlg?: UpdateKey['userinfoSignedResponseAlg'];
  requirePushedRequests?: boolean;
}

/** The settings that generate and update share. */
export const withSettings = (command: Command): Command =>
  command
    .option('--grant-types <types>', `comma-separated: ${GRANT_TYPES.join(', ')}`, commaSeparated)
    .addOption(new Option('--token-type <type>', 'the form of its access tokens').choices(['jwt', 'opaque']))
    .addOption(
      new Option('--token-endpoint-auth-method <method>', 'how it proves itself').choices(
        AUTH_METHODS.filter((method) => method !== 'none'),
      ),
    )
    .option('--jwks-file <file>', 'a JWK set of its public keys, for private_key_jwt')
    .option(
      '--allowed-origins <origins>',
      'comma-separated: of pages whose scripts may ask as this client',
      commaSeparated,
    )
    .option('--jwks-uri <url>', 'or where that set is fetched from')
    .option('--certificate-subject <dn>', 'whom its certificate names, for tls_client_auth: CN=shop,O=John and Sons')
    .addOption(new Option('--token-binding <to>', 'what its tokens must be bound to').choices(TOKEN_BINDINGS))
    .option('--rotate-refresh-tokens <on|off>', 'replace a refresh token on every use', onOff)
    .addOption(
      new Option(
        '--access-token-policy <policy>',
        'what a request does to the tokens of the same user and scopes: nothing, give them out again, or end them',
      ).choices(ACCESS_TOKEN_POLICIES),
    )
    .option(
      '--access-token-lifetime <seconds>',
      "how long access tokens live; an empty one: as the server's",
      secondsOrNone,
    )
    .option(
      '--refresh-token-lifetime <seconds>',
      "how long refresh tokens live; an empty one: as the server's",
      secondsOrNone,
    )
    .option('--password-grant-sunset <date>', 'when its password grant ends, ISO 8601; an empty one: never')
    .addOption(new Option('--application-type <type>', 'where it runs').choices(['web', 'native']))
    .option('--redirect-uris <uris...>', 'where users are sent back to after signing in; replaces those before')
    .option('--post-logout-redirect-uris <uris...>', 'where they may be sent after signing out')
    .option('--backchannel-logout-uri <url>', 'where it is told that a session has ended; an empty one: nowhere')
    .addOption(new Option('--id-token-alg <alg>', 'how its ID tokens are signed').choices(SIGNING_ALGORITHMS))
    .option('--userinfo-alg <alg>', 'UserInfo as a JWT signed like this; an empty one: plain JSON')
    .addOption(
      new Option(
        '--subject-type <type>',
        'whether it is told the ids of its users, or names for its sector alone',
      ).choices(SUBJECT_TYPES),
    )
    .option('--sector-identifier-uri <url>', 'what lists the redirect URIs of its sector; an empty one: nothing')
    .option('--require-pushed-requests <on|off>', 'take its authorization requests only pushed (RFC 9126)', onOff)
    .option('--trusted <on|off>', 'send users back to it with an error before they have signed in', onOff)
    .option(
      '--may-act <consumer-key>',
      'the one client that may act for its users by token exchange; an empty one: any',
    );

/** What is said as nothing is taken away. */
const orNull = <T extends string | number>(value: T | '' | null | undefined): T | null | undefined =>
  value === '' ? null : value;

/** The members of the API's body that they stand for. */
export const settings = (options: Settings): Omit<UpdateKey, 'organizationId' | 'consumerKey'> => ({
  grantTypes: options.grantTypes,
  tokenType: options.tokenType,
  tokenEndpointAuthMethod: options.tokenEndpointAuthMethod,
  jwks: options.jwksFile === undefined ? undefined : readJson(options.jwksFile),
  jwksUri: options.jwksUri,
  certificateSubject: options.certificateSubject === undefined ? undefined : { subjectDn: options.certificateSubject },
  tokenBinding: options.tokenBinding,
  allowedOrigins: options.allowedOrigins,
  rotateRefreshTokens: options.rotateRefreshTokens,
  accessTokenPolicy: options.accessTokenPolicy,
  accessTokenLifetime: orNull(options.accessTokenLifetime),
  refreshTokenLifetime: orNull(options.refreshTokenLifetime),
  passwordGrantSunset: orNull(options.passwordGrantSunset),
  applicationType: options.applicationType,
  redirectUris: options.redirectUris,
  postLogoutRedirectUris: options.postLogoutRedirectUris,
  backchannelLogoutUri: orNull(options.backchannelLogoutUri),
  idTokenSignedResponseAlg: options.idTokenAlg,
  userinfoSignedResponseAlg: orNull(options.userinfoAlg),
  subjectType: options.subjectType,
  sectorIdentifierUri: orNull(options.sectorIdentifierUri),
  requirePushedAuthorizationRequests: options.requirePushedRequests,
  trusted: options.trusted,
  mayAct: orNull(options.mayAct),
});
