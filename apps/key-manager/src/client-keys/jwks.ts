import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { ServiceError, type ClientJwk, type ClientJwks } from '@keyward/contracts';

const MOST_KEYS = 20;
/** Members of private and symmetric keys, RFC 7518 §6: no client has those here. */
const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const MEMBERS = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e', 'x5c'] as const;
/** RFC 7518 §3.3: 2048 bits at least. */
const LEAST_RSA_BITS = 2048;

/** A set of public keys as a client gives it, RFC 7517 §5. Throws `invalid_request` for one that nothing can be verified by. */
export function readJwks(given: object): ClientJwks {
  const { keys } = given as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) throw invalid('jwks must have keys');
  if (keys.length > MOST_KEYS) throw invalid(`jwks may have ${MOST_KEYS} keys`);
  return { keys: keys.map((key) => readKey(key as JsonWebKey | null)) };
}

function readKey(key: JsonWebKey | null): ClientJwk {
  if (typeof key !== 'object' || key === null) throw invalid('a key of jwks must be an object');
  if (SECRET.some((member) => member in key)) throw invalid('jwks must have public keys only');
  const size = sizeOf(key);
  if (size !== undefined && size < LEAST_RSA_BITS)
    throw invalid(`an RSA key must have ${LEAST_RSA_BITS} bits at least`);
  const known = MEMBERS.flatMap((member): [string, unknown][] => (member in key ? [[member, key[member]]] : []));
  return Object.fromEntries<unknown>(known) as object as ClientJwk;
}

/** Of an RSA key, in bits. */
function sizeOf(key: JsonWebKey): number | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails?.modulusLength;
  } catch {
    throw invalid('jwks has a key that cannot be read');
  }
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
