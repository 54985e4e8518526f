import type { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import type { RegistrationEntity } from './registration.entity';

/** All that is registered of a client, under the names of RFC 7591 §2: what was asked for, or stands in its place (§3.2.1). */
export function metadataOf(key: ConsumerKeyEntity, { about }: Pick<RegistrationEntity, 'about'>): object {
  const { certificateSubject: subject } = key;
  const all: Record<string, unknown> = {
    ...about,
    redirect_uris: orNone(key.redirectUris),
    token_endpoint_auth_method: key.tokenEndpointAuthMethod,
    grant_types: key.grantTypes,
    response_types: key.grantTypes.includes('authorization_code') ? ['code'] : [],
    application_type: key.applicationType,
    jwks: key.jwks,
    jwks_uri: key.jwksUri,
    tls_client_auth_subject_dn: subject?.subjectDn,
    tls_client_auth_san_dns: subject?.sanDns,
    tls_client_auth_san_uri: subject?.sanUri,
    tls_client_auth_san_ip: subject?.sanIp,
    tls_client_auth_san_email: subject?.sanEmail,
    tls_client_certificate_bound_access_tokens: key.tokenBinding === 'certificate' || undefined,
    dpop_bound_access_tokens: key.tokenBinding === 'dpop' || undefined,
    post_logout_redirect_uris: orNone(key.postLogoutRedirectUris),
    backchannel_logout_uri: key.backchannelLogoutUri,
    id_token_signed_response_alg: key.idTokenSignedResponseAlg,
    userinfo_signed_response_alg: key.userinfoSignedResponseAlg,
    subject_type: key.subjectType,
    sector_identifier_uri: key.sectorIdentifierUri,
    require_pushed_authorization_requests: key.requirePushedAuthorizationRequests || undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
}

const orNone = (values: string[]): string[] | undefined => (values.length > 0 ? values : undefined);
