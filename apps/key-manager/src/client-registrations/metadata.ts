import {
  APPLICATION_TYPES,
  ASYMMETRIC_METHODS,
  AUTH_METHODS,
  ServiceError,
  SIGNING_ALGORITHMS,
  SUBJECT_TYPES,
  type ApplicationType,
  type AuthMethod,
  type CertificateSubject,
  type GenerateKey,
  type Registration,
} from '@keyward/contracts';
import { assertRedirectUri } from '../consumer-keys/redirect-uri';
import { choiceOf, choicesOf, invalidMetadata, objectOf, switchOf, textOf, textsOf, type Metadata } from './values';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
/** DR-05: never by password, and never with somebody else's token. */
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE] as const;
/** Where anyone may register: what needs a user who is told on a page by whom it is asked (DR-01). */
const OPEN_GRANTS = ['authorization_code', 'refresh_token'];
const RESPONSES = ['code'] as const;
/** What a client says of itself, for people. */
const ABOUT_URLS = ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri'];
const ABOUT_TEXTS = ['client_name', 'software_id', 'software_version'];
/** What a client would rely on and is not done here: nobody is to believe that it was. */
const NOT_SERVED = [
  ...['id_token_encrypted_response_alg', 'id_token_encrypted_response_enc'],
  ...['userinfo_encrypted_response_alg', 'userinfo_encrypted_response_enc'],
  ...['request_object_signing_alg', 'request_object_encryption_alg', 'authorization_signed_response_alg'],
  ...['authorization_encrypted_response_alg', 'backchannel_token_delivery_mode', 'introspection_signed_response_alg'],
];
const NOT_SWITCHED_ON = ['require_signed_request_object'];
/** RFC 8705 §2.1.2. */
const SUBJECTS: readonly (readonly [string, keyof CertificateSubject])[] = [
  ['tls_client_auth_subject_dn', 'subjectDn'],
  ['tls_client_auth_san_dns', 'sanDns'],
  ['tls_client_auth_san_uri', 'sanUri'],
  ['tls_client_auth_san_ip', 'sanIp'],
  ['tls_client_auth_san_email', 'sanEmail'],
];

/** What a client asks to be registered as. */
export interface AskedClient {
  settings: Partial<Omit<GenerateKey, 'organizationId' | 'application' | 'kind'>>;
  about: Registration['about'];
}

/** Who asks, and where. */
export interface AskedBy {
  by: Registration['by'];
  highAssurance: boolean;
}

/**
 * Client metadata (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2), checked against what is served here. What
 * is unknown is left out (DR-04). Throws `invalid_client_metadata`, `invalid_redirect_uri`, and for software statements theirs.
 */
export function readMetadata(metadata: Metadata, { by, highAssurance }: AskedBy): AskedClient {
  refuseStatement(metadata);
  refuseUnserved(metadata);
  const method = choiceOf(metadata, 'token_endpoint_auth_method', AUTH_METHODS) ?? 'client_secret_basic';
  if (highAssurance && !ASYMMETRIC_METHODS.includes(method))
    throw invalidMetadata(`token_endpoint_auth_method must be one of: ${ASYMMETRIC_METHODS.join(', ')}`);
  const grantTypes = grantsOf(metadata);
  if (grantTypes.includes('client_credentials') && method === 'none')
    throw invalidMetadata('a public client has no credentials for client_credentials');
  const forbidden = by === 'open' ? grantTypes.find((grant) => !OPEN_GRANTS.includes(grant)) : undefined;
  if (forbidden) throw invalidMetadata(`grant_types may have ${forbidden} with an initial access token only`);
  const applicationType = choiceOf(metadata, 'application_type', APPLICATION_TYPES) ?? 'web';
  const redirectUris = redirectsOf(metadata, applicationType, grantTypes.includes('authorization_code'));
  return {
    about: aboutOf(metadata),
    settings: {
      ...{ grantTypes, applicationType, redirectUris, tokenEndpointAuthMethod: method, ...keysOf(metadata, method) },
      certificateSubject: method === 'tls_client_auth' ? subjectOf(metadata) : undefined,
      tokenBinding: bindingOf(metadata),
      postLogoutRedirectUris: textsOf(metadata, 'post_logout_redirect_uris') ?? [],
      backchannelLogoutUri: textOf(metadata, 'backchannel_logout_uri') ?? null,
      idTokenSignedResponseAlg: choiceOf(metadata, 'id_token_signed_response_alg', SIGNING_ALGORITHMS) ?? 'RS256',
      userinfoSignedResponseAlg: choiceOf(metadata, 'userinfo_signed_response_alg', SIGNING_ALGORITHMS) ?? null,
      // the scripts of a client without a secret run where its users come back to.
      subjectType: choiceOf(metadata, 'subject_type', SUBJECT_TYPES) ?? 'public',
      sectorIdentifierUri: textOf(metadata, 'sector_identifier_uri') ?? null,
      requirePushedAuthorizationRequests: switchOf(metadata, 'require_pushed_authorization_requests'),
      // DR-01: nobody knows it, until an administrator does.
      ...(by === 'open' && { trusted: false }),
      ...(method === 'none' && applicationType === 'web' && { allowedOrigins: originsOf(redirectUris) }),
    },
  };
}

/** Nobody's statements are approved here; to take a client without what its statement says would make it another one. */
function refuseStatement(metadata: Metadata): void {
  const statement = textOf(metadata, 'software_statement', 60_000);
  if (statement === undefined) return;
  const isJws = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(statement);
  throw new ServiceError(isJws ? 'unapproved_software_statement' : 'invalid_software_statement');
}

function refuseUnserved(metadata: Metadata): void {
  const asked = NOT_SERVED.find((name) => textOf(metadata, name) !== undefined);
  const on = asked ?? NOT_SWITCHED_ON.find((name) => switchOf(metadata, name));
  if (on !== undefined) throw invalidMetadata(`${on} is not served here`);
  const scope = textOf(metadata, 'scope', 4000);
  if (scope !== undefined && !/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope))
    throw invalidMetadata('scope is malformed');
  if (scope?.split(' ').some((each) => each.startsWith('keyward:')))
    throw invalidMetadata('scope must not have those of the platform itself');
}

/** RFC 7591 §2.1: the two say the same, and either may be left out. */
function grantsOf(metadata: Metadata): string[] {
  const responses = choicesOf(metadata, 'response_types', RESPONSES);
  const grants = choicesOf(metadata, 'grant_types', GRANTS) ?? (responses?.length === 0 ? [] : ['authorization_code']);
  if (grants.length === 0) throw invalidMetadata('grant_types must have one at least');
  if (responses && responses.includes('code') !== grants.includes('authorization_code'))
    throw invalidMetadata('grant_types has authorization_code where response_types has code, and only there');
  return grants;
}

function redirectsOf(metadata: Metadata, type: ApplicationType, needed: boolean): string[] {
  const uris = textsOf(metadata, 'redirect_uris') ?? [];
  if (needed && uris.length === 0) throw invalidRedirect('redirect_uris is needed');
  assertRedirects(uris, type);
  return uris;
}

/** Throws `invalid_redirect_uri`. */
export function assertRedirects(uris: readonly string[], type: ApplicationType): void {
  try {
    for (const uri of uris) assertRedirectUri(uri, type);
  } catch (error) {
    throw error instanceof ServiceError ? invalidRedirect(error.description ?? '') : error;
  }
}

/** In one place (RFC 7591 §2), and left out where no proof needs them. */
function keysOf(metadata: Metadata, method: AuthMethod): Pick<GenerateKey, 'jwks' | 'jwksUri'> {
  const [jwks, jwksUri] = [objectOf(metadata, 'jwks'), textOf(metadata, 'jwks_uri', 2000)];
  if (jwks && jwksUri !== undefined) throw invalidMetadata('give jwks or jwks_uri, not both');
  if (method === 'private_key_jwt') return { jwks, jwksUri };
  return method === 'self_signed_tls_client_auth' ? { jwks } : {};
}

function subjectOf(metadata: Metadata): CertificateSubject {
  const named = SUBJECTS.map(([name, member]) => [member, textOf(metadata, name)] as const);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined));
}

/** RFC 8705 §3.4, RFC 9449 §5.2. What an administrator has demanded beside stays. */
function bindingOf(metadata: Metadata): GenerateKey['tokenBinding'] {
  const toCertificate = switchOf(metadata, 'tls_client_certificate_bound_access_tokens');
  const toKey = switchOf(metadata, 'dpop_bound_access_tokens');
  if (toCertificate && toKey) throw invalidMetadata('access tokens are bound to a certificate or by DPoP, not both');
  if (toCertificate) return 'certificate';
  return toKey ? 'dpop' : undefined;
}

function aboutOf(metadata: Metadata): Registration['about'] {
  const entries: [string, string | string[] | undefined][] = [
    ...ABOUT_TEXTS.map((name): [string, string | undefined] => [name, textOf(metadata, name, 200)]),
    ...ABOUT_URLS.map((name): [string, string | undefined] => [name, urlOf(metadata, name)]),
    ['contacts', textsOf(metadata, 'contacts', 10)],
  ];
  return Object.fromEntries(entries.filter((entry): entry is [string, string | string[]] => entry[1] !== undefined));
}

/** It is shown, and never fetched. */
function urlOf(metadata: Metadata, name: string): string | undefined {
  const text = textOf(metadata, name);
  if (text !== undefined && !(URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)))
    throw invalidMetadata(`${name} must be a URL of a page`);
  return text;
}

function originsOf(uris: readonly string[]): string[] {
  const origins = uris.map((uri) => new URL(uri).origin).filter((origin) => origin.startsWith('https:'));
  return [...new Set(origins)].slice(0, 20);
}

const invalidRedirect = (description: string) => new ServiceError('invalid_redirect_uri', description);
