import { ASYMMETRIC_METHODS, type AuthMethod, type Organization } from '@keyward/contracts';
import type { GatewayConfig } from '../config';
import { DPOP_ALGORITHMS } from '../possession/dpop-proof';

/** What an ID token or UserInfo may say. */
const CLAIMS = [
  ...[
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'auth_time',
    'amr',
    'acr',
    'nonce',
    'sid',
    'name',
    'family_name',
    'given_name',
  ],
  ...['middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender', 'birthdate'],
  ...['zoneinfo', 'locale', 'email', 'email_verified', 'address', 'phone_number', 'phone_number_verified'],
];

/** `none` is a public client's, which names itself (RFC 7591 §2). */
const CLIENT_AUTHENTICATION: AuthMethod[] = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
/** What may sign a client's assertion; the key manager's list. RFC 8414 §2: never `none`. */
const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'];

/** An organization's issuer. `PUBLIC_URL` is its only source: no header of a request changes it (DS-08). */
export const issuerOf = ({ server }: GatewayConfig, orgkey: string): string => `${server.publicUrl}/t/${orgkey}`;

/** Authorization server metadata (RFC 8414 §2) of what works now. */
export function metadataOf(config: GatewayConfig, organization: Organization): object {
  const { key, passwordGrant, highAssurance, clientRegistration } = organization;
  const issuer = issuerOf(config, key);
  const { oauth, server } = config;
  // ASVS 5.0 10.4.16.
  const served = [...CLIENT_AUTHENTICATION, ...certificateMethods(server)];
  const methods = highAssurance ? served.filter((method) => ASYMMETRIC_METHODS.includes(method)) : served;
  const grants = {
    password: oauth.passwordGrant && passwordGrant,
    client_credentials: oauth.clientCredentialsGrant,
    refresh_token: oauth.refreshTokenGrant,
    authorization_code: oauth.authorizationCodeGrant,
    'urn:ietf:params:oauth:grant-type:token-exchange': oauth.tokenExchangeGrant,
    'urn:ietf:params:oauth:grant-type:jwt-bearer': oauth.jwtBearerGrant,
    'urn:ietf:params:oauth:grant-type:device_code': oauth.deviceCodeGrant,
  };
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    pushed_authorization_request_endpoint: `${issuer}/oauth2/par`,
    // RFC 9126 §5.
    require_pushed_authorization_requests: highAssurance,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    code_challenge_methods_supported: ['S256'],
    // RFC 9207 §3.
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    ui_locales_supported: ['en', 'de'],
    token_endpoint: `${issuer}/oauth2/token`,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    ...(oauth.deviceCodeGrant ? { device_authorization_endpoint: `${issuer}/oauth2/device_authorize` } : {}),
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/logout`,
    ...(clientRegistration === 'closed' ? {} : { registration_endpoint: registrationEndpoint(issuer) }),
    ...(server.clientCertificateHeader ? mutualTls(issuer, oauth) : {}),
    jwks_uri: `${issuer}/jwks`,
    // Never omitted: absent means authorization_code and implicit (RO-09).
    grant_types_supported: Object.entries(grants).flatMap(([grant, served]) => (served ? [grant] : [])),
    scopes_supported: ['default', 'openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
    claims_supported: CLAIMS,
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    userinfo_signing_alg_values_supported: ['RS256', 'ES256'],
    // OpenID Connect Back-Channel Logout 1.0 §2.1.
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    subject_types_supported: ['public', 'pairwise'],
    claims_parameter_supported: true,
    acr_values_supported: ['urn:keyward:acr:password'],
    // Absent means true (OpenID Connect Discovery 1.0 §3).
    request_uri_parameter_supported: false,
  };
}

/** Where the clients of an issuer register (RFC 7591 §3), and below which each is managed. */
export const registrationEndpoint = (issuer: string): string => `${issuer}/oauth2/register`;

/** RFC 8705 §2: by certificates that a trusted proxy tells, and an authority has issued. */
const certificateMethods = (server: GatewayConfig['server']): AuthMethod[] =>
  server.clientCertificateHeader === undefined
    ? []
    : [...(server.clientCertificateCaFile ? ['tls_client_auth' as const] : []), 'self_signed_tls_client_auth'];

/** RFC 8705 §3.3, §5 (CA-31): the same endpoints take certificates. */
const mutualTls = (issuer: string, { deviceCodeGrant }: GatewayConfig['oauth']): object => ({
  tls_client_certificate_bound_access_tokens: true,
  mtls_endpoint_aliases: {
    token_endpoint: `${issuer}/oauth2/token`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    pushed_authorization_request_endpoint: `${issuer}/oauth2/par`,
    ...(deviceCodeGrant ? { device_authorization_endpoint: `${issuer}/oauth2/device_authorize` } : {}),
    userinfo_endpoint: `${issuer}/userinfo`,
  },
});
