import {
  ASYMMETRIC_METHODS,
  ServiceError,
  type AuthMethod,
  type CertificateSubject,
  type UpdateKey,
} from '@keyward/contracts';
import { isOutboundUrl } from '@keyward/runtime';
import type { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { readJwks } from './jwks';

/** How a client proves itself, and by which keys. */
export type Proof = Pick<ConsumerKeyEntity, 'tokenEndpointAuthMethod' | 'jwks' | 'jwksUri' | 'certificateSubject'>;

/** Public keys: themselves, or where they are. */
export type Keys = Pick<Proof, 'jwks' | 'jwksUri'>;

/** Whether a client of this method has a secret. */
export const hasSecret = (method: AuthMethod): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post';

/** ASVS 5.0 10.4.16: where it is asked for, a client of another method could get no token. Throws `invalid_request`. */
export function assertAsymmetric(method: AuthMethod): void {
  if (!ASYMMETRIC_METHODS.includes(method))
    throw invalid(
      `in an organization of high assurance, tokenEndpointAuthMethod is one of: ${ASYMMETRIC_METHODS.join(', ')}`,
    );
}

/**
 * The proof with what was asked for. Keys are in one place, and only where they are used; a client stays public, or
 * confidential, because its grants were given to what it is. Throws `invalid_request`.
 */
export function proofFrom(
  before: Proof,
  asked: Pick<UpdateKey, 'tokenEndpointAuthMethod' | 'jwks' | 'jwksUri' | 'certificateSubject'>,
): Proof {
  const method = asked.tokenEndpointAuthMethod ?? before.tokenEndpointAuthMethod;
  if ((method === 'none') !== (before.tokenEndpointAuthMethod === 'none'))
    throw invalid('a client stays public, or confidential');
  const none = { tokenEndpointAuthMethod: method, jwks: null, jwksUri: null, certificateSubject: null };
  if (asked.certificateSubject && method !== 'tls_client_auth')
    throw invalid('certificateSubject is for tokenEndpointAuthMethod tls_client_auth');
  if (method === 'private_key_jwt') return { ...none, ...keysFrom(before, asked) };
  if (method === 'self_signed_tls_client_auth') return { ...none, jwks: certificatesFrom(before, asked) };
  if (asked.jwks ?? asked.jwksUri) throw invalid('jwks and jwksUri are for tokenEndpointAuthMethod private_key_jwt');
  if (method === 'tls_client_auth') return { ...none, certificateSubject: subjectFrom(before, asked) };
  return none;
}

/** RFC 8705 §2.1.2: exactly one of the names. Throws `invalid_request`. */
function subjectFrom(before: Proof, asked: Pick<UpdateKey, 'certificateSubject'>): CertificateSubject {
  const subject = asked.certificateSubject ?? before.certificateSubject;
  if (!subject) throw invalid('certificateSubject is needed');
  const named = Object.entries(subject).filter(([, name]) => name != null);
  if (named.length !== 1) throw invalid('certificateSubject must have exactly one name');
  return Object.fromEntries(named);
}

/** RFC 8705 §2.2.2: the set has the certificates in it. Throws `invalid_request`. */
function certificatesFrom(before: Proof, asked: Pick<UpdateKey, 'jwks' | 'jwksUri'>) {
  const { jwks } = keysFrom({ jwks: before.jwks, jwksUri: null }, asked);
  if (!jwks?.keys.every(({ x5c }) => typeof x5c?.[0] === 'string'))
    throw invalid('jwks must have a certificate (x5c) in each key');
  return jwks;
}

/** Public keys with what was asked for, in one place (RFC 7591 §2). Throws `invalid_request`. */
export function keysFrom(before: Keys, asked: { jwks?: object; jwksUri?: string }): Keys {
  if (asked.jwks && asked.jwksUri) throw invalid('give jwks or jwksUri, not both');
  if (asked.jwks) return { jwks: readJwks(asked.jwks), jwksUri: null };
  if (asked.jwksUri) return { jwks: null, jwksUri: urlFrom(asked.jwksUri) };
  if (!before.jwks && !before.jwksUri) throw invalid('jwks or jwksUri is needed');
  return { jwks: before.jwks, jwksUri: before.jwksUri };
}

function urlFrom(text: string): string {
  if (!isOutboundUrl(text)) throw invalid('jwksUri must be an https URL without user and fragment');
  return text;
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
