import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { ServiceError, type ClientJwk, type ClientJwks } from '@keyward/contracts';

const MOST_KEYS = 20;
/** Members of private and symmetric keys, RFC 7518 §6: no client has those here. */
const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** What a key is used by, with the characters that each may have: an RSA modulus of 16,384 bits has 2,731. */
const MEMBERS = { kty: 10, kid: 512, use: 10, alg: 20, crv: 20, x: 200, y: 200, n: 2800, e: 20 };
/** A certificate and those that issued it, in base64. */
const CHAIN = { certificates: 5, characters: 12_000 };
/** RFC 7518 §3.3: 2048 bits at least. */
const LEAST_RSA_BITS = 2048;

/** A set of public keys as a client gives it, RFC 7517 §5. Throws `invalid_request` for one that nothing can be verified by. */
export function readJwks(given: object): ClientJwks {
  const keys = keysOf(given);
  if (keys.length > MOST_KEYS) throw invalid(`jwks may have ${MOST_KEYS} keys`);
  return { keys: keys.map((key) => ({ ...readKey(key), ...readCertificates(key as JsonWebKey) })) };
}

/**
 * A set as somebody publishes it: keys that cannot be used here are ignored (RFC 7517 §5), and so are certificates. Throws for one
 * that nothing can be verified by.
 */
export function readPublishedJwks(published: object): ClientJwks {
  const keys: ClientJwk[] = [];
  for (const key of keysOf(published)) {
    const usable = readUsable(key);
    if (usable && keys.push(usable) === MOST_KEYS) break;
  }
  if (keys.length === 0) throw invalid('jwks must have keys');
  return { keys };
}

function keysOf(set: object): unknown[] {
  const { keys } = set as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) throw invalid('jwks must have keys');
  return keys;
}

/** `undefined` for one that verifies nothing here. */
function readUsable(key: unknown): ClientJwk | undefined {
  try {
    const read = readKey(key);
    return read.use === undefined || read.use === 'sig' ? read : undefined;
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

function readKey(given: unknown): ClientJwk {
  if (typeof given !== 'object' || given === null) throw invalid('a key of jwks must be an object');
  const key = given as JsonWebKey;
  if (SECRET.some((member) => member in key)) throw invalid('jwks must have public keys only');
  const read: Record<string, string> = {};
  for (const [member, longest] of Object.entries(MEMBERS)) {
    const value: unknown = Object.hasOwn(key, member) ? key[member] : undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > longest)
      throw invalid(`${member} of a key of jwks must be a text of ${longest} characters at most`);
    read[member] = value;
  }
  const size = sizeOf(read);
  if (size !== undefined && size < LEAST_RSA_BITS)
    throw invalid(`an RSA key must have ${LEAST_RSA_BITS} bits at least`);
  return read as object as ClientJwk;
}

/** RFC 7517 §4.7. */
function readCertificates({ x5c }: JsonWebKey): Pick<ClientJwk, 'x5c'> {
  if (x5c === undefined) return {};
  const isChain =
    Array.isArray(x5c) &&
    x5c.length <= CHAIN.certificates &&
    x5c.every((each) => typeof each === 'string' && each.length <= CHAIN.characters);
  if (!isChain) throw invalid('x5c of a key of jwks must be a list of certificates');
  return { x5c: x5c as string[] };
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
