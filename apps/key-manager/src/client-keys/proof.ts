import { ServiceError, type AuthMethod, type UpdateKey } from '@keyward/contracts';
import { isOutboundUrl } from '@keyward/runtime';
import type { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { readJwks } from './jwks';

/** How a client proves itself, and by which keys. */
export type Proof = Pick<ConsumerKeyEntity, 'tokenEndpointAuthMethod' | 'jwks' | 'jwksUri'>;

/** Whether a client of this method has a secret. */
export const hasSecret = (method: AuthMethod): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post';

/**
 * The proof with what was asked for. Keys are in one place, and only where they are used; a client stays public, or
 * confidential, because its grants were given to what it is. Throws `invalid_request`.
 */
export function proofFrom(
  before: Proof,
  asked: Pick<UpdateKey, 'tokenEndpointAuthMethod' | 'jwks' | 'jwksUri'>,
): Proof {
  const method = asked.tokenEndpointAuthMethod ?? before.tokenEndpointAuthMethod;
  if ((method === 'none') !== (before.tokenEndpointAuthMethod === 'none'))
    throw invalid('a client stays public, or confidential');
  if (asked.jwks && asked.jwksUri) throw invalid('give jwks or jwksUri, not both'); // RFC 7591 §2
  if (method !== 'private_key_jwt') {
    if (asked.jwks ?? asked.jwksUri) throw invalid('jwks and jwksUri are for tokenEndpointAuthMethod private_key_jwt');
    return { tokenEndpointAuthMethod: method, jwks: null, jwksUri: null };
  }
  const keys = asked.jwks
    ? { jwks: readJwks(asked.jwks), jwksUri: null }
    : asked.jwksUri
      ? { jwks: null, jwksUri: urlFrom(asked.jwksUri) }
      : { jwks: before.jwks, jwksUri: before.jwksUri };
  if (!keys.jwks && !keys.jwksUri) throw invalid('private_key_jwt needs jwks or jwksUri');
  return { tokenEndpointAuthMethod: method, ...keys };
}

function urlFrom(text: string): string {
  if (!isOutboundUrl(text)) throw invalid('jwksUri must be an https URL without user and fragment');
  return text;
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
