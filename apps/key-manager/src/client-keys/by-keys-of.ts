import { verifyAssertion, type Assertion, type Expected } from './client-assertion';
import type { Keys } from './proof';
import type { RemoteJwks } from './remote-jwks';

/**
 * Verifies an assertion by the keys of whom it is of, fetched again for one that is of none of them (CA-24); `undefined` when it is
 * not valid. Errors: `temporarily_unavailable` when the keys cannot be asked for.
 */
export async function verifyByKeysOf(
  remote: RemoteJwks,
  { organizationId, jwks, jwksUri }: Keys & { organizationId: string },
  jwt: string,
  expected: Expected,
): Promise<Assertion | undefined> {
  const keys = jwks ?? (jwksUri && (await remote.at(organizationId, jwksUri)));
  if (!keys) return undefined;
  const verdict = await verifyAssertion(jwt, keys, expected);
  if ('assertion' in verdict) return verdict.assertion;
  const newer = verdict.unknownKey && jwksUri ? await remote.again(organizationId, jwksUri) : undefined;
  if (!newer || newer === keys) return undefined;
  const second = await verifyAssertion(jwt, newer, expected);
  return 'assertion' in second ? second.assertion : undefined;
}
