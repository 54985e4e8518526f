import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';

/** Verifies a JWT by the one key of a set that it can be of; where it names none and several can, by any of those. */
export async function verifyByAny(
  jwt: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(jwt, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error as AsyncIterable<CryptoKey>) {
      const verified = await jwtVerify(jwt, key, options).catch(unlessOfAnother);
      if (verified) return verified;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function unlessOfAnother(error: unknown): undefined {
  if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
}

/**
 * Whether a JWT that was not verified may be of a newer key than those that are known: it names another one, or none, as a key that has
 * no `kid` is replaced without a sign of it but that signatures fail (JK-09).
 */
export const isOfUnknownKey = (error: unknown, jwt: string): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  (error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(jwt).kid === undefined);
