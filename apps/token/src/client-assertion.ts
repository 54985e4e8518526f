import { ServiceError } from '@keyward/contracts';
import { decodeJwt } from 'jose';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What an assertion says of itself; the key manager proves it. */
export interface ClaimedAssertion {
  assertion: string;
  clientId: string;
  audience: string;
}

/**
 * Reads `client_assertion`, RFC 7521 §4.2: of whom it says it is, and for whom. Errors: `invalid_request` for another type
 * (CA-20), `invalid_client` for one that cannot be of the `client_id` beside it, or has not exactly one audience (CA-22).
 */
export function readAssertion(params: Record<string, string>): ClaimedAssertion {
  const { client_assertion: assertion = '', client_assertion_type: type, client_id: clientId } = params;
  if (type !== TYPE) throw new ServiceError('invalid_request', `client_assertion_type must be ${TYPE}`);
  const { sub, aud } = decoded(assertion);
  const isPossible = typeof sub === 'string' && sub.length <= 255 && typeof aud === 'string' && aud.length <= 2048;
  if (!isPossible || assertion.length > 8192 || (clientId && clientId !== sub))
    throw new ServiceError('invalid_client', 'Client authentication failed');
  return { assertion, clientId: sub, audience: aud };
}

function decoded(assertion: string): { sub?: unknown; aud?: unknown } {
  try {
    return decodeJwt(assertion);
  } catch {
    return {};
  }
}
